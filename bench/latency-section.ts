import { toBatch } from '../src/engine/protocol.ts';
import { HttpClient } from './http-client.ts';
import type { EngineBench } from './open-bench.ts';
import { milliseconds, type Row } from './report.ts';
import { percentile } from './statistics.ts';

const QUERIES = 200;
const SECONDS = 20;

/** What an idle server adds to the engine's own time for one query. Engine alone and service take turns. */
export async function* measureLatency(bench: EngineBench): AsyncGenerator<Row> {
  const { model, manifest, workloads, options } = bench;
  const service = await bench.service();
  const client = new HttpClient(service.url, 1);
  const items = await workloads.take('q', options.quick ? 30 : QUERIES, 300);
  const alone: number[] = [];
  const served: number[] = [];
  const added: number[] = [];
  const deadline = performance.now() + SECONDS * 1000;
  for (const { input, ids } of items) {
    const start = performance.now();
    await model.run(toBatch([ids]));
    const engine = performance.now() - start;
    const answer = await client.send('/v1/embeddings', JSON.stringify({ input: [input], encoding_format: 'base64' }));
    alone.push(engine);
    served.push(answer.milliseconds);
    added.push(answer.milliseconds - engine);
    if (performance.now() > deadline) break;
  }
  await client.close();
  yield {
    model: manifest.name,
    measure: 'latency, one query, idle server, p50',
    result: `${milliseconds(percentile(served, 0.5))}, p99 ${milliseconds(percentile(served, 0.99))}`,
    against: `engine alone ${milliseconds(percentile(alone, 0.5))}; added ${milliseconds(percentile(added, 0.5))}; ${added.length} queries`,
    targets: { addedLatency: percentile(added, 0.5) },
  };
}
