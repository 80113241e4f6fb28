import { PackedModel } from '../src/engine/packed/packed-model.ts';
import { type Batch, toBatch } from '../src/engine/protocol.ts';
import { cosine, rowAt } from '../src/engine/rows.ts';
import { FileHashes } from '../src/model/file-hashes.ts';
import { int8Folders } from '../src/model/int8/int8-folders.ts';
import { prepareInt8 } from '../src/model/int8/prepare-int8.ts';
import type { PackedWeights } from '../src/model/manifest.ts';
import type { ModelLocation } from '../src/model/resolve-model.ts';
import type { EngineBench } from './engine-section.ts';
import { GateError } from './gate.ts';
import { interleave } from './interleave.ts';
import { figure, type Row } from './report.ts';
import { median, sum } from './statistics.ts';
import type { WorkloadName } from './workloads.ts';

const LOADS: { workload: WorkloadName; batchSize: number }[] = [
  { workload: 'p', batchSize: 8 },
  { workload: 'q', batchSize: 1 },
];
/** What the canary asks of int8 (judge-canary.ts). */
const LEAST_COSINE = 0.99;
const TURN_SECONDS = 0.3;

/** The weights with their int8 matrices, made or found where `hotvec serve` would. */
export function int8Weights(location: ModelLocation, weights: PackedWeights, hfHome: string): Promise<PackedWeights> {
  return prepareInt8(weights, {
    folders: int8Folders(location, { hfHome }),
    files: new FileHashes(),
    onEvent: () => {},
  });
}

/** int8 and fp32 of the same weights take turns in this process: the ratio of their speeds, and how near the vectors are. */
export async function* measureInt8({ model, weights, manifest, workloads, options }: EngineBench): AsyncGenerator<Row> {
  const exact = await PackedModel.load(weights, {
    ...{ device: 'cpu', deviceId: 0, dtype: 'fp32', threads: 0, maxBatchTokens: 1_024 },
    ...{ maxTokens: Math.min(8192, manifest.maxTokens), prepacking: true, mustBeatCpu: false },
  });
  for (const { workload, batchSize } of LOADS) {
    const take = async (seed: number, count = 1) => {
      const items = await workloads.take(workload, batchSize * count, 5_000 + seed);
      return Array.from({ length: count }, (_, i) =>
        toBatch(items.slice(i * batchSize, (i + 1) * batchSize).map(({ ids }) => ids)),
      );
    };
    const [first] = (await take(999)) as [Batch];
    // Both are warm after this.
    const cosines = compare((await exact.run(first)).rows, (await model.run(first)).rows, manifest.hiddenSize);
    const seconds = await timeOf(exact, [first]);
    const perTurn = Math.max(1, Math.min(64, Math.round(TURN_SECONDS / seconds)));
    const rounds = Math.max(1, Math.min(options.rounds, Math.floor(options.cellSeconds / (4 * perTurn * seconds))));
    const turns = await Promise.all(Array.from({ length: 2 * rounds }, (_, turn) => take(turn, perTurn)));
    const results = await interleave(
      rounds,
      (turn) => timeOf(model, turns[turn] as Batch[]),
      (turn) => timeOf(exact, turns[turn] as Batch[]),
    );
    const speeds = results.map(({ a }, round) => tokensOf(turns.slice(2 * round, 2 * round + 2).flat()) / sum(a));
    const least = Math.min(...cosines);
    if (!(least >= LEAST_COSINE))
      throw new GateError(`int8 is ${least} from fp32, at least ${LEAST_COSINE} is wanted.`);
    yield {
      model: manifest.name,
      measure: `engine, int8 and fp32, ${workload} × ${batchSize}`,
      result: `${figure(median(results.map(({ a, b }) => sum(b) / sum(a))))}× fp32; ${figure(median(speeds))} tokens/s`,
      against: `cosine to fp32 at least ${least.toFixed(5)} over ${cosines.length} texts; ${rounds} rounds`,
    };
  }
}

function compare(a: Float32Array, b: Float32Array, width: number): number[] {
  return Array.from({ length: a.length / width }, (_, i) => cosine(rowAt(a, i, width), rowAt(b, i, width)));
}

function tokensOf(batches: readonly Batch[]): number {
  return sum(batches.map(({ tokenIds }) => tokenIds.length));
}

/** Seconds. */
async function timeOf(model: PackedModel, batches: readonly Batch[]): Promise<number> {
  const start = performance.now();
  for (const batch of batches) await model.run(batch);
  return (performance.now() - start) / 1000;
}
