import { type Batch, toBatch } from '../src/engine/protocol.ts';
import type { PackedModel } from '../src/formats/causal/load.ts';
import { type PackedPlan, planPackedBatch } from '../src/formats/causal/plan.ts';
import { sequenceFlops } from './flops.ts';
import { gateSameVectors, largestDifference } from './gate.ts';
import { interleave } from './interleave.ts';
import type { EngineBench } from './open-bench.ts';
import { planPaddedBatch, planWithoutSharing } from './padded-plan.ts';
import { figure, type Row } from './report.ts';
import { median, sum } from './statistics.ts';
import type { WorkloadName } from './workloads.ts';

type Cell = [WorkloadName, batchSize: number];

const CELLS: Cell[] = (['q', 'qi', 'p', 'mix', 'dup'] as const).flatMap((name): Cell[] => [
  [name, 8],
  [name, 32],
]);
/** A large model takes seconds a batch: fewer cells, those that the targets ask for first. */
const LARGE_CELLS: Cell[] = [
  ['q', 8],
  ['p', 8],
  ['mix', 8],
];
/** The batch size whose share of the GEMM rate the targets mean: about what the service's budget lets into a batch. */
const BUDGET_BATCH = 8;
/** A turn of a small model runs several batches, so that it takes about this long. */
const TURN_SECONDS = 0.2;
const MAX_BATCHES_PER_TURN = 64;

type Layout = (batch: Batch) => PackedPlan;

/** What one turn of a round computes. */
interface Turn {
  batches: Batch[];
  tokens: number;
  flops: number;
}

/** The engine alone, in this process: what packing and prefix sharing bring, and how near it is to the machine. */
export async function* measureEngine(bench: EngineBench): AsyncGenerator<Row> {
  for (const [name, batchSize] of bench.isLarge || bench.options.quick ? LARGE_CELLS : CELLS) {
    const result = await compare(bench, name, batchSize, planPaddedBatch);
    yield toRow(bench, result, 'padded', {
      ...(batchSize === BUDGET_BATCH ? shareTargets(bench, name, result.share) : {}),
      ...(name === 'mix' && result.ratio !== null ? { packedSpeedup: result.ratio } : {}),
    });
  }
  // As long as each other: there is next to no padding to save.
  yield toRow(bench, await compare(bench, 'l', bench.isLarge ? 1 : 4, planPaddedBatch), 'padded');
  const sharing = await compare(bench, 'qi', 32, planWithoutSharing);
  yield toRow(bench, sharing, 'packed without prefix sharing', {
    ...(sharing.ratio === null ? {} : { sharingSpeedup: sharing.ratio, sharingDifference: sharing.difference }),
  });
  // What sharing brings depends on how much of a text the prefix is.
  yield toRow(bench, await compare(bench, 'qis', 32, planWithoutSharing), 'packed without prefix sharing');
}

function shareTargets({ options: { device, dtype } }: EngineBench, name: WorkloadName, share: number): Row['targets'] {
  if (device !== 'cpu') return name === 'p' ? { gpuMfu: share } : {};
  if (dtype !== 'auto' && dtype !== 'fp32') return {};
  if (name === 'p') return { passageMfu: share };
  return name === 'mix' ? { mixMfu: share } : {};
}

interface Comparison {
  what: string;
  tokensPerSecond: number;
  /** Of the floating-point operations that the matrix product of the same rounds did. */
  share: number;
  /** Seconds of the other layout ÷ seconds of packing; null where the other would have taken too long. */
  ratio: number | null;
  /** How many times as many rows the other layout has. */
  rowRatio: number;
  /** Largest difference of a component of the pooled rows. */
  difference: number;
  rounds: number;
}

async function compare(bench: EngineBench, name: WorkloadName, batchSize: number, other: Layout): Promise<Comparison> {
  const { model, manifest, gemm, options } = bench;
  const packed: Layout = ({ tokenIds, offsets }) => planPackedBatch(tokenIds, offsets);
  const what = `engine, ${name} × ${batchSize}`;
  const first = await batchesOf(bench, name, batchSize, 1, 1000);
  const gemmBefore = await gemm.measure();
  const timePacked = await timeOf(model, packed, first.batches);
  const gemmAfter = await gemm.measure();
  // What the other layout will take is first estimated by its rows: a batch of minutes is not worth a ratio.
  const rowRatio = rowsOf(other, first.batches) / rowsOf(packed, first.batches);
  if (2 * timePacked.seconds * (1 + rowRatio) > options.cellSeconds) {
    const tokensPerSecond = first.tokens / timePacked.seconds;
    const share = first.flops / timePacked.seconds / ((gemmBefore + gemmAfter) / 2);
    return { what, tokensPerSecond, share, ratio: null, rowRatio, difference: Number.NaN, rounds: 1 };
  }
  const timeOther = await timeOf(model, other, first.batches);
  gateSameVectors(timePacked.rows, timeOther.rows, manifest.hiddenSize, what);
  const difference = largestDifference(timePacked.rows, timeOther.rows);

  const perTurn = Math.ceil(TURN_SECONDS / Math.min(timePacked.seconds, timeOther.seconds));
  const batchesPerTurn = Math.min(MAX_BATCHES_PER_TURN, perTurn);
  const roundSeconds = 2 * batchesPerTurn * (timePacked.seconds + timeOther.seconds);
  const rounds = Math.max(1, Math.min(options.rounds, Math.floor(options.cellSeconds / roundSeconds)));
  const speeds: number[] = [];
  const ratios: number[] = [];
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const turns = [
      await batchesOf(bench, name, batchSize, batchesPerTurn, 2 * round),
      await batchesOf(bench, name, batchSize, batchesPerTurn, 2 * round + 1),
    ];
    const run = (layout: Layout) => (turn: number) => timeOf(model, layout, turns[turn]?.batches ?? []);
    const before = await gemm.measure();
    const [result] = await interleave(1, run(packed), run(other));
    const flopsPerSecond = (before + (await gemm.measure())) / 2;
    const seconds = sum((result?.a ?? []).map((time) => time.seconds));
    speeds.push(sum(turns.map(({ tokens }) => tokens)) / seconds);
    ratios.push(sum((result?.b ?? []).map((time) => time.seconds)) / seconds);
    shares.push(sum(turns.map(({ flops }) => flops)) / seconds / flopsPerSecond);
  }
  const medians = { tokensPerSecond: median(speeds), share: median(shares), ratio: median(ratios) };
  return { what, ...medians, rowRatio, difference, rounds };
}

function toRow(bench: EngineBench, result: Comparison, other: string, targets: Row['targets'] = {}): Row {
  const { what, tokensPerSecond, share, ratio, rowRatio, difference, rounds } = result;
  const equal = difference === 0 ? 'rows equal to the bit' : `rows differ by ${difference.toExponential(1)}`;
  return {
    model: bench.manifest.name,
    measure: what,
    result: `${figure(tokensPerSecond)} tokens/s, MFU ${figure(share)}`,
    against:
      ratio === null
        ? `one run; ${other} would have ${figure(rowRatio)}× the rows`
        : `${figure(ratio)}× ${other}, which has ${figure(rowRatio)}× the rows; ${equal}; ${rounds} rounds`,
    targets,
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
    flops: sum(lengths.map((length) => sequenceFlops(bench.manifest.cost, length))),
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
