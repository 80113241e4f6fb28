import { Batcher } from '../src/batching/batcher.ts';
import { systemClock as clock } from '../src/clock.ts';
import type { Engine } from '../src/engine/engine.ts';
import { formatOf } from '../src/formats/formats.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, type Row } from './report.ts';
import { median } from './statistics.ts';

const BATCH_TOKENS = 1_024;
/** Requests submitted and not answered: as under load, some wait while a batch is under way. */
const CONCURRENCY = 32;
const TURN_SECONDS = 0.5;

/** The batcher alone, with an engine that answers at once: what submitting, forming batches and answering cost. */
export async function* measureBatcher(bench: EngineBench): AsyncGenerator<Row> {
  const { manifest, workloads, options } = bench;
  const rounds = 1 + options.rounds;
  for (const textsPerRequest of [1, 16, 256]) {
    const items = await workloads.take('q', Math.max(2_048, CONCURRENCY * textsPerRequest), 400);
    const requests = Array.from({ length: Math.floor(items.length / textsPerRequest) }, (_, i) =>
      items.slice(i * textsPerRequest, (i + 1) * textsPerRequest).map(({ ids }) => ids),
    );
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++)
      rates.push(await requestRate(createBatcher(bench), requests, options.quick));
    const rate = median(rates.slice(1)); // The first warms the code up.
    yield {
      model: manifest.name,
      measure: `batcher alone, q × ${textsPerRequest} a request`,
      result: `${figure(rate)} requests/s, ${figure(1e6 / rate / textsPerRequest)} µs a sequence`,
      against: `an engine that answers at once; ${rounds - 1} rounds`,
    };
  }
}

async function requestRate(batcher: Batcher, requests: readonly Int32Array[][], quick: boolean): Promise<number> {
  let answered = 0;
  const start = performance.now();
  const end = start + 1000 * (quick ? 0.05 : TURN_SECONDS);
  const client = async () => {
    do {
      await batcher.submit(requests[answered % requests.length] as Int32Array[]);
      answered += 1;
    } while (performance.now() < end);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
  return (1000 * answered) / (performance.now() - start);
}

function createBatcher({ manifest }: EngineBench): Batcher {
  const { hiddenSize } = manifest;
  const engine: Engine = {
    state: 'ready',
    info: undefined,
    processesReady: 1,
    processesIdle: 1,
    run: async ({ tokenIds, offsets }) => ({
      rows: new Float32Array((offsets.length - 1) * hiddenSize),
      computedTokens: tokenIds.length,
      inferMilliseconds: 1,
    }),
    onStateChange: () => {},
    close: async () => {},
  };
  return new Batcher({
    engine,
    clock,
    hiddenSize,
    createMeter: () => formatOf(manifest).meter(manifest, 'fp32', BATCH_TOKENS),
    maxQueueTokens: 10_000_000,
    keyShare: 1,
    random: Math.random,
  });
}
