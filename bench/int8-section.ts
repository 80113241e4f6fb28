import { type Batch, rowAt, toBatch } from '../src/engine/protocol.ts';
import type { PackedModel } from '../src/formats/causal/load.ts';
import { cosine } from '../src/tasks/embedding/cosine.ts';
import { GateError, largestDifference } from './gate.ts';
import { bothPrecisions } from './int8-weights.ts';
import { interleave } from './interleave.ts';
import type { EngineBench } from './open-bench.ts';
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

/**
 * int8 and fp32 of the same weights take turns in this process: the ratio of their speeds, how near the vectors are, and
 * whether a vector depends on its batch. On a CPU only: int8 exists nowhere else.
 */
export async function* measureInt8(bench: EngineBench): AsyncGenerator<Row> {
  const { manifest, workloads, options } = bench;
  if (options.device !== 'cpu') return;
  const { exact, int8 } = await bothPrecisions(bench);
  for (const { workload, batchSize } of LOADS) {
    const take = async (seed: number, count = 1) => {
      const items = await workloads.take(workload, batchSize * count, 5_000 + seed);
      return Array.from({ length: count }, (_, i) =>
        toBatch(items.slice(i * batchSize, (i + 1) * batchSize).map(({ ids }) => ids)),
      );
    };
    const [first] = (await take(999)) as [Batch];
    // Both are warm after this.
    const { rows } = await int8.run(first);
    const least = Math.min(...cosines((await exact.run(first)).rows, rows, manifest.hiddenSize));
    if (!(least >= LEAST_COSINE)) throw new GateError(`int8 is ${least} from fp32; expected at least ${LEAST_COSINE}.`);
    const difference = largestDifference(rows, await runAlone(int8, first, manifest.hiddenSize));

    const seconds = await timeOf(exact, [first]);
    const perTurn = Math.max(1, Math.min(64, Math.round(TURN_SECONDS / seconds)));
    const rounds = Math.max(1, Math.min(options.rounds, Math.floor(options.cellSeconds / (4 * perTurn * seconds))));
    const turns = await Promise.all(Array.from({ length: 2 * rounds }, (_, turn) => take(turn, perTurn)));
    const results = await interleave(
      rounds,
      (turn) => timeOf(int8, turns[turn] as Batch[]),
      (turn) => timeOf(exact, turns[turn] as Batch[]),
    );
    const ratio = median(results.map(({ a, b }) => sum(b) / sum(a)));
    const speeds = results.map(({ a }, round) => tokensOf(turns.slice(2 * round, 2 * round + 2).flat()) / sum(a));
    yield {
      model: manifest.name,
      measure: `engine, int8 and fp32, ${workload} × ${batchSize}`,
      result: `${figure(ratio)}× fp32; ${figure(median(speeds))} tokens/s`,
      against: `cosine to fp32 at least ${least.toFixed(5)} over ${batchSize} texts; alone and together differ by ${figure(difference)}; ${rounds} rounds`,
      targets: {
        int8Cosine: least,
        int8BatchDifference: difference,
        ...(workload === 'p' ? { int8Speedup: ratio } : {}),
      },
    };
  }
}

async function runAlone(model: PackedModel, batch: Batch, width: number): Promise<Float32Array> {
  const count = batch.offsets.length - 1;
  const rows = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const sequence = batch.tokenIds.subarray(batch.offsets[i], batch.offsets[i + 1]);
    rows.set((await model.run(toBatch([sequence]))).rows, i * width);
  }
  return rows;
}

function cosines(a: Float32Array, b: Float32Array, width: number): number[] {
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
