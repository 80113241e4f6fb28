import { setTimeout as sleep } from 'node:timers/promises';
import { fullBatchMilliseconds } from './engine-alone.ts';
import { HttpClient } from './http-client.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, milliseconds, type Row } from './report.ts';
import { requestBodies } from './request-bodies.ts';
import { percentile } from './statistics.ts';

const BULK_CLIENTS = 4;
const BULK_TEXTS = 64;
const SECONDS = 10;
/** A large model computes for a second a batch: percentiles need some probes. */
const LARGE_SECONDS = 40;

/**
 * What a small query waits beside requests of many passages that never leave the engine idle. Fair turns promise: for
 * the batch under way, the one behind it, and its own.
 */
export async function* measureUnderBulk(bench: EngineBench): AsyncGenerator<Row> {
  const { manifest, workloads, options, isLarge } = bench;
  const service = await bench.service();
  const seconds = options.quick ? 1 : isLarge ? LARGE_SECONDS : SECONDS;
  const passages = await workloads.take('p', BULK_TEXTS * (options.quick ? 4 : 16), 600);
  const batchTime = await fullBatchMilliseconds(bench, {
    sequences: passages.slice(0, BULK_TEXTS).map(({ ids }) => ids),
    batchTokens: service.batchTokens,
    most: isLarge ? 3 : Number.POSITIVE_INFINITY,
  });
  const queries = requestBodies(await workloads.take('q', 1_000, 601), 1, 'base64');

  const unloaded = await probe(service.url, queries, seconds / 4, 0);
  const stopBulk = startBulk(service.url, requestBodies(passages, BULK_TEXTS, 'base64'));
  await sleep(4 * batchTime);
  const loaded = await probe(service.url, queries, seconds, 20);
  await stopBulk();
  const [before, under] = [unloaded, loaded].map((latencies) => percentile(latencies, 0.99)) as [number, number];
  const over = (under - before) / batchTime;
  yield {
    model: manifest.name,
    measure: `a query beside ${BULK_CLIENTS} clients with ${BULK_TEXTS} passages a request, p50`,
    result: `${milliseconds(percentile(loaded, 0.5))}, p99 ${milliseconds(under)}`,
    against: `unloaded p50 ${milliseconds(percentile(unloaded, 0.5))}, p99 ${milliseconds(before)}: ${figure(over)} batch times of ${milliseconds(batchTime)} more; ${loaded.length} queries`,
    targets: { queryUnderBulk: over },
  };
}

/** Keeps the engine busy until it is told to stop, and then leaves without waiting for the answers. */
function startBulk(url: string, bodies: readonly string[]): () => Promise<void> {
  const client = new HttpClient(url, BULK_CLIENTS);
  let isOver = false;
  const run = async (first: number) => {
    for (let i = first; !isOver; i++) {
      await client.send('/v1/embeddings', bodies[i % bodies.length]).catch((error: unknown) => {
        if (!isOver) throw error;
      });
    }
  };
  const running = Promise.all(Array.from({ length: BULK_CLIENTS }, (_, i) => run(i)));
  return async () => {
    isOver = true;
    await client.close();
    await running;
  };
}

/** Milliseconds of queries asked one after the other, for so many seconds. */
async function probe(url: string, bodies: readonly string[], seconds: number, pause: number): Promise<number[]> {
  const client = new HttpClient(url, 1);
  const latencies: number[] = [];
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end) {
    latencies.push((await client.send('/v1/embeddings', bodies[latencies.length % bodies.length])).milliseconds);
    await sleep(pause);
  }
  await client.close();
  return latencies;
}
