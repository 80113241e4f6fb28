import { interleave } from './interleave.ts';
import type { EngineBench } from './open-bench.ts';
import { readMetrics } from './read-metrics.ts';
import { figure, type Row } from './report.ts';
import { requestBodies } from './request-bodies.ts';
import { type RunningService, startService } from './service.ts';
import { median, sum } from './statistics.ts';
import { fraction, type WorkItem, zipfRanks } from './workloads.ts';

const CLIENTS = 32;
/** Different texts, drawn by Zipf's law: the n-th most frequent 1/n as often as the first. */
const TEXTS = 2_000;
const MAX_REQUESTS_PER_TURN = 3_000;
/** A turn takes about this long at the pace of distinct texts. */
const TURN_SECONDS = 4;
const CACHE_MB = 64;

/**
 * Repeated texts over HTTP, single-text requests: with the cache and without, and without it against texts that are all
 * different, which shows what sharing in flight brings.
 */
export async function* measureRepeats(bench: EngineBench): AsyncGenerator<Row> {
  const { setting: model, manifest, workloads, options } = bench;
  const settings = { DEVICE: options.device, DTYPE: options.dtype };
  const services: RunningService[] = [];
  try {
    const plain = await startService(model, settings);
    services.push(plain);
    const cached = await startService(model, { ...settings, VECTOR_CACHE_MB: String(CACHE_MB) });
    services.push(cached);
    const texts = await workloads.take('q', TEXTS, 500);

    const post = async ({ url }: RunningService, items: readonly WorkItem[]) =>
      (
        await bench.load.sendWithoutFailure({
          target: { url, path: '/v1/embeddings' },
          bodies: requestBodies(items, 1, 'base64'),
          manner: { clients: CLIENTS },
        })
      ).seconds;
    const pace = (CLIENTS * 4) / (await post(plain, texts.slice(0, CLIENTS * 4)));
    const requests = Math.max(CLIENTS * 4, Math.min(MAX_REQUESTS_PER_TURN, Math.round(pace * TURN_SECONDS)));
    const drawn: WorkItem[][] = [];
    const different: WorkItem[][] = [];
    for (let turn = 0; turn < 2 * options.rounds; turn++) {
      drawn.push(zipfRanks(requests, TEXTS, fraction(600 + turn)).map((rank) => texts[rank] as WorkItem));
      different.push(await workloads.take('q', requests, 700 + turn));
    }

    const before = await counters(plain.url);
    const repeats = await interleave(
      options.rounds,
      (turn) => post(plain, drawn[turn] ?? []),
      (turn) => post(plain, different[turn] ?? []),
    );
    const after = await counters(plain.url);
    const shared = (after.shared - before.shared) / (2 * options.rounds * requests);
    // A token of a shared text is not computed, and texts drawn by frequency are not as long as others on average.
    const tokens = (items: WorkItem[][], round: number) =>
      sum([...(items[2 * round] ?? []), ...(items[2 * round + 1] ?? [])].map(({ ids }) => ids.length));
    const speeds = repeats.map(({ a, b }, round) => ({
      repeated: tokens(drawn, round) / sum(a),
      different: tokens(different, round) / sum(b),
    }));
    yield {
      model: manifest.name,
      measure: `service, dup × 1 a request, base64, ${CLIENTS} clients, no cache`,
      result: `${figure(median(repeats.map(({ a }) => (2 * requests) / sum(a))))} requests/s; ${figure(100 * shared)} % of the inputs shared in flight`,
      against: `${figure(median(speeds.map((speed) => speed.repeated / speed.different)))}× the tokens/s of texts that are all different; ${options.rounds} rounds`,
    };

    const cacheBefore = await counters(cached.url);
    const results = await interleave(
      options.rounds,
      (turn) => post(cached, drawn[turn] ?? []),
      (turn) => post(plain, drawn[turn] ?? []),
    );
    const cacheAfter = await counters(cached.url);
    const hits = (cacheAfter.hits - cacheBefore.hits) / (2 * options.rounds * requests);
    yield {
      model: manifest.name,
      measure: `service, dup × 1 a request, base64, ${CLIENTS} clients, VECTOR_CACHE_MB=${CACHE_MB}`,
      result: `${figure(median(results.map(({ a }) => (2 * requests) / sum(a))))} requests/s; ${figure(100 * hits)} % hits, from a cold cache`,
      against: `${figure(median(results.map(({ a, b }) => sum(b) / sum(a))))}× without the cache; ${options.rounds} rounds`,
    };
  } finally {
    for (const service of services) await service.stop();
  }
}

async function counters(url: string): Promise<{ shared: number; hits: number }> {
  const value = await readMetrics(url);
  return { shared: value('shared_inputs_total'), hits: value('cache_hits_total') };
}
