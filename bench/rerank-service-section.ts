import { HttpClient } from './http-client.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, milliseconds, type Row } from './report.ts';
import { DOCUMENTS, openRerankWorkload, type RerankRequest } from './rerank-workload.ts';
import { percentile } from './statistics.ts';

const PATH = '/v1/rerank';
const CLIENTS = [1, 4];
/** Requests a client; fewer where they take longer than `cellSeconds`, but one. */
const MOST_REQUESTS = 50;

/** What `usage` of an answer says. */
interface Usage {
  prompt_tokens: number;
  computed_tokens: number;
  shared_tokens: number;
}

/** `rr` over HTTP: capacity in closed loops, and what the answers say was shared. */
export async function* measureRerankService(bench: EngineBench): AsyncGenerator<Row> {
  const { manifest, workloads, load, options } = bench;
  const service = await bench.service();
  const { take } = await openRerankWorkload(manifest, workloads);
  const client = new HttpClient(service.url, 1);
  const first = await client.send(PATH, bodyOf(await take(DOCUMENTS, 500_000)));
  await client.close();
  const { usage } = JSON.parse(first.body.toString()) as { usage: Usage };
  const share = usage.computed_tokens / usage.prompt_tokens;
  for (const clients of CLIENTS) {
    const perClient = Math.floor((1000 * options.cellSeconds) / (clients * first.milliseconds));
    const count = clients * Math.max(1, Math.min(MOST_REQUESTS, perClient));
    const bodies: string[] = [];
    for (let i = 0; i < count; i++) bodies.push(bodyOf(await take(DOCUMENTS, 500_001 + 1_000 * clients + i)));
    const target = { url: service.url, path: PATH };
    const { seconds, latencies } = await load.sendWithoutFailure({ target, bodies, manner: { clients } });
    yield {
      model: manifest.name,
      measure: `closed loop, rr × ${DOCUMENTS} a request, ${clients} clients`,
      result: `${figure(count / seconds)} requests/s, ${figure((DOCUMENTS * count) / seconds)} documents/s, p50 ${milliseconds(percentile([...latencies], 0.5))}`,
      against: `${count} requests; usage of one: ${usage.computed_tokens} of ${usage.prompt_tokens} tokens computed, ${figure(share)}; ${usage.shared_tokens} shared`,
    };
  }
}

function bodyOf({ query, documents }: Pick<RerankRequest, 'query' | 'documents'>): string {
  return JSON.stringify({ query, documents });
}
