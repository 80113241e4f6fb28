import type { PackedModel } from '../src/engine/packed/packed-model.ts';
import { type PackedPlan, planPackedBatch } from '../src/engine/packed/plan.ts';
import { type Batch, toBatch } from '../src/engine/protocol.ts';
import type { ModelManifest, PackedWeights } from '../src/model/manifest.ts';
import { sequenceFlops } from './flops.ts';
import { gateSameVectors, largestDifference } from './gate.ts';
import type { GemmCalibrator } from './gemm.ts';
import { interleave } from './interleave.ts';
import type { BenchOptions } from './options.ts';
import { planPaddedBatch, planWithoutSharing } from './padded-plan.ts';
import { figure, type Row } from './report.ts';
import { median, sum } from './statistics.ts';
import type { WorkloadName, Workloads } from './workloads.ts';

const WORKLOADS: WorkloadName[] = ['q', 'qi', 'p', 'mix'];
const BATCH_SIZES = [8, 32];
/** A turn of a small model runs several batches, so that it takes about this long. */
const TURN_SECONDS = 0.3;
const MAX_BATCHES_PER_TURN = 64;

export interface EngineBench {
  model: PackedModel;
  manifest: ModelManifest;
  /** The manifest's: only packed models are measured here. */
  weights: PackedWeights;
  workloads: Workloads;
  gemm: GemmCalibrator;
  options: BenchOptions;
}

type Layout = (batch: Batch) => PackedPlan;

/** What one turn of a round computes. */
interface Turn {
  batches: Batch[];
  tokens: number;
  flops: number;
}

/** The engine alone, in this process: what packing and prefix sharing bring, and how near it is to the machine. */
export async function* measureEngine(bench: EngineBench): AsyncGenerator<Row> {
  const packed: Layout = ({ tokenIds, offsets }) => planPackedBatch(tokenIds, offsets, bench.manifest.vocabularySize);
  for (const name of WORKLOADS) {
    for (const batchSize of BATCH_SIZES) {
      yield await compare(bench, name, batchSize, packed, planPaddedBatch, 'padded');
    }
  }
  yield await compare(bench, 'qi', 32, packed, planWithoutSharing, 'packed without prefix sharing');
}

async function compare(
  bench: EngineBench,
  name: WorkloadName,
  batchSize: number,
  layoutA: Layout,
  layoutB: Layout,
  nameOfB: string,
): Promise<Row> {
  const { model, manifest, gemm, options } = bench;
  const row = { model: manifest.name, measure: `engine, ${name} × ${batchSize}` };
  const first = await batchesOf(bench, name, batchSize, 1, 1000);
  const timeA = await timeOf(model, layoutA, first.batches);
  // What the other layout will take is first estimated by its rows: a batch of minutes is not worth a ratio.
  const slowdown = rowsOf(layoutB, first.batches) / rowsOf(layoutA, first.batches);
  const expectedRound = 2 * timeA.seconds * (1 + slowdown);
  if (expectedRound > options.cellSeconds) {
    const speed = `${figure(first.tokens / timeA.seconds)} tokens/s`;
    return { ...row, result: speed, against: `one run; ${nameOfB} would have ${figure(slowdown)}× the rows` };
  }
  const timeB = await timeOf(model, layoutB, first.batches);
  gateSameVectors(timeA.rows, timeB.rows, manifest.hiddenSize, `${row.measure}, packed and ${nameOfB}`);
  const difference = largestDifference(timeA.rows, timeB.rows);

  const shorter = Math.min(timeA.seconds, timeB.seconds);
  const perTurn = Math.max(1, Math.min(MAX_BATCHES_PER_TURN, Math.round(TURN_SECONDS / shorter)));
  const roundSeconds = 2 * perTurn * (timeA.seconds + timeB.seconds);
  const rounds = Math.max(1, Math.min(options.rounds, Math.floor(options.cellSeconds / roundSeconds)));
  const turns: Turn[] = [];
  for (let turn = 0; turn < 2 * rounds; turn++) turns.push(await batchesOf(bench, name, batchSize, perTurn, turn));
  const at = (turn: number) => turns[turn] as Turn;

  const speedsA: number[] = [];
  const ratios: number[] = [];
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const gemmBefore = await gemm.measure();
    const [result] = await interleave(
      1,
      (turn) => timeOf(model, layoutA, at(2 * round + turn).batches),
      (turn) => timeOf(model, layoutB, at(2 * round + turn).batches),
    );
    const flopsPerSecond = (gemmBefore + (await gemm.measure())) / 2;
    const secondsA = sum((result?.a ?? []).map(({ seconds }) => seconds));
    const secondsB = sum((result?.b ?? []).map(({ seconds }) => seconds));
    const tokens = at(2 * round).tokens + at(2 * round + 1).tokens;
    const flops = at(2 * round).flops + at(2 * round + 1).flops;
    speedsA.push(tokens / secondsA);
    ratios.push(secondsB / secondsA);
    shares.push(flops / secondsA / flopsPerSecond);
  }
  const ratio = median(ratios);
  const exact = difference === 0 ? 'rows equal to the bit' : `rows differ by ${difference.toExponential(1)}`;
  return {
    ...row,
    result: `${figure(median(speedsA))} tokens/s, MFU ${figure(median(shares))}`,
    against: `${figure(ratio)}× ${nameOfB}; ${exact}; ${rounds} rounds`,
  };
}

async function batchesOf(
  bench: EngineBench,
  name: WorkloadName,
  batchSize: number,
  count: number,
  seed: number,
): Promise<Turn> {
  const items = await bench.workloads.take(name, batchSize * count, seed + 1);
  const batches = Array.from({ length: count }, (_, i) =>
    toBatch(items.slice(i * batchSize, (i + 1) * batchSize).map(({ ids }) => ids)),
  );
  const lengths = items.map(({ ids }) => ids.length);
  return {
    batches,
    tokens: sum(lengths),
    flops: sum(lengths.map((length) => sequenceFlops(bench.weights, length))),
  };
}

function rowsOf(layout: Layout, batches: readonly Batch[]): number {
  return sum(batches.map((batch) => layout(batch).tokenIds.length));
}

/** Planning counts: the engine does it for every batch. */
async function timeOf(
  model: PackedModel,
  layout: Layout,
  batches: readonly Batch[],
): Promise<{ seconds: number; rows: Float32Array }> {
  let rows: Float32Array = new Float32Array();
  const start = performance.now();
  for (const batch of batches) ({ rows } = await model.runPlan(layout(batch)));
  return { seconds: (performance.now() - start) / 1000, rows };
}
