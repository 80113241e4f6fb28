import { interleave } from './interleave.ts';
import type { BenchOptions } from './options.ts';
import { median, sum } from './statistics.ts';

/** A turn of a small model runs several batches, so that it takes about this long. */
const TURN_SECONDS = 0.3;
const MAX_BATCHES_PER_TURN = 64;

/** One way to do a piece of work, about a batch. */
export type Way<Work> = (work: Work) => Promise<unknown>;

export interface WaysComparison<Work> {
  /** Seconds of B ÷ seconds of A: the median of the rounds' ratios. */
  ratio: number;
  /** What each round did, and the seconds that A took for it. */
  measured: { works: Work[]; seconds: number }[];
  rounds: number;
}

/**
 * Does the same work in two ways that take turns A B B A. A turn has as many as fit into a third of a second, but at
 * least one, and there are fewer rounds where `cellSeconds` end before.
 * @param worksOf as many as asked for, for a turn.
 */
export async function compareWays<Work>(
  worksOf: (turn: number, count: number) => Promise<Work[]>,
  [a, b]: readonly [Way<Work>, Way<Work>],
  { rounds: most, cellSeconds }: Pick<BenchOptions, 'rounds' | 'cellSeconds'>,
): Promise<WaysComparison<Work>> {
  const first = await worksOf(999, 1);
  // Both are warm after this.
  await timeOf(b, first);
  await timeOf(a, first);
  const pairSeconds = (await timeOf(a, first)) + (await timeOf(b, first));
  const perTurn = Math.max(1, Math.min(MAX_BATCHES_PER_TURN, Math.round((2 * TURN_SECONDS) / pairSeconds)));
  const rounds = Math.max(1, Math.min(most, Math.floor(cellSeconds / (2 * perTurn * pairSeconds))));
  const turns: Work[][] = [];
  for (let turn = 0; turn < 2 * rounds; turn++) turns.push(await worksOf(turn, perTurn));
  const run = (way: Way<Work>) => (turn: number) => timeOf(way, turns[turn] as Work[]);
  const results = await interleave(rounds, run(a), run(b));
  return {
    ratio: median(results.map((round) => sum(round.b) / sum(round.a))),
    measured: results.map((round, i) => ({ works: turns.slice(2 * i, 2 * i + 2).flat(), seconds: sum(round.a) })),
    rounds,
  };
}

/** Seconds. */
async function timeOf<Work>(way: Way<Work>, works: readonly Work[]): Promise<number> {
  const start = performance.now();
  for (const work of works) await way(work);
  return (performance.now() - start) / 1000;
}
