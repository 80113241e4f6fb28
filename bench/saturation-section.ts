import { setTimeout as sleep } from 'node:timers/promises';
import { distinctTokens } from '../src/engine/process/calibrate.ts';
import { HttpClient } from './http-client.ts';
import type { EngineBench } from './open-bench.ts';
import { readMetrics } from './read-metrics.ts';
import { figure, milliseconds, type Row } from './report.ts';
import { requestBodies } from './request-bodies.ts';
import type { RunningService } from './service.ts';
import { median } from './statistics.ts';
import type { WorkloadName } from './workloads.ts';

const SIZES = [64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192];
/** Part of the best pace that a batch budget should reach. */
const ENOUGH = 0.9;
/** Texts a turn of the closed loop rotates. */
const ROTATED_TEXTS = 2_048;

type Load = [WorkloadName, textsPerRequest: number, clients: number];
const LOADS: Load[] = [
  ['q', 1, 64],
  ['q', 256, 8],
  ['p', 16, 32],
];
/** What waits at the end is computed too: minutes, if it were more. */
const LARGE_LOADS: Load[] = [
  ['q', 1, 64],
  ['p', 1, 32],
];

/** The engine under more work than it can do: how fast it is by batch size, and how much of the time it computes. */
export async function* measureSaturation(bench: EngineBench): AsyncGenerator<Row> {
  const service = await bench.service();
  yield await measureBatchSizes(bench, service);
  for (const [workload, textsPerRequest, clients] of bench.isLarge ? LARGE_LOADS : LOADS) {
    const items = await bench.workloads.take(workload, Math.max(ROTATED_TEXTS, textsPerRequest), 500);
    const load = `${workload} × ${textsPerRequest} a request, base64, ${clients} clients`;
    yield await measureBusy(bench, service, load, requestBodies(items, textsPerRequest, 'base64'), clients);
  }
}

/** Sizes take turns, up and down again, so that a machine that drifts drifts for all. */
async function measureBatchSizes({ model, manifest, options }: EngineBench, service: RunningService): Promise<Row> {
  const limits = { maxTokens: manifest.maxTokens, vocabularySize: manifest.vocabularySize };
  const paces = new Map<number, number[]>();
  const deadline = performance.now() + options.cellSeconds * 1000;
  let sizes = SIZES;
  for (let round = 0; round < options.rounds; round++) {
    for (const size of sizes) {
      const batch = distinctTokens(size, limits);
      const repeats = round === 0 ? 1 : Math.max(1, Math.floor(1_024 / size));
      const start = performance.now();
      for (let i = 0; i < repeats; i++) await model.run(batch);
      const elapsed = performance.now() - start;
      paces.set(size, [...(paces.get(size) ?? []), (repeats * batch.tokenIds.length * 1000) / elapsed]);
      // A doubling that would take what is left is not tried, neither now nor later.
      if (round === 0 && performance.now() + 4 * elapsed > deadline) {
        sizes = sizes.filter((one) => one <= size);
        break;
      }
    }
    if (performance.now() > deadline) break;
    sizes = [...sizes].reverse();
  }
  // The first round meets memory that was not taken yet.
  const curve = [...paces].map(([size, found]) => ({ size, pace: median(found.length > 2 ? found.slice(1) : found) }));
  const best = Math.max(...curve.map(({ pace }) => pace));
  const enough = curve.sort((a, b) => a.size - b.size).find(({ pace }) => pace >= ENOUGH * best);
  return {
    model: manifest.name,
    measure: 'engine, tokens/s by tokens in the batch',
    result: curve.map(({ size, pace }) => `${size}: ${figure(pace)}`).join(', '),
    against: `90 % of the best from ${enough?.size} on; the service chose ${service.batchTokens}`,
  };
}

async function measureBusy(
  { manifest, options }: EngineBench,
  service: RunningService,
  load: string,
  bodies: readonly string[],
  clients: number,
): Promise<Row> {
  const client = new HttpClient(service.url, clients);
  let isOver = false;
  const clientsDone = Promise.all(
    Array.from({ length: clients }, async (_, number) => {
      for (let i = number; !isOver; i += clients) {
        await client.send('/v1/embeddings', bodies[i % bodies.length]);
      }
    }),
  );
  await sleep(2_000);
  const before = await readWork(service.url);
  await sleep(options.quick ? 3_000 : 15_000);
  const after = await readWork(service.url);
  isOver = true;
  await clientsDone;
  await client.close();
  const seconds = (after.at - before.at) / 1000;
  const batches = after.batches - before.batches;
  return {
    model: manifest.name,
    measure: `engine busy at saturation, ${load}`,
    result: figure(after.busyRatio),
    against: `${figure(batches / seconds)} batches/s of ${milliseconds((1000 * (after.batchSeconds - before.batchSeconds)) / batches)}`,
    targets: { engineBusy: after.busyRatio },
  };
}

/** By the service's own metrics: the busy part of the last ten seconds, and what it has computed so far. */
async function readWork(
  url: string,
): Promise<{ at: number; busyRatio: number; batches: number; batchSeconds: number }> {
  const value = await readMetrics(url);
  return {
    at: performance.now(),
    // The counter grows at the end of a batch, which may be seconds; this knows the one under way.
    busyRatio: value('engine_busy_ratio'),
    batches: value('batch_duration_seconds_count'),
    batchSeconds: value('batch_duration_seconds_sum'),
  };
}
