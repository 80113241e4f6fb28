import type { LoadResult } from './load.ts';
import type { LoadGenerator, LoadTarget } from './load-generator.ts';
import { median, percentile, sum } from './statistics.ts';

/** One of two servers: where it is, and the bodies of a turn as it wants them. */
export interface Side {
  target: LoadTarget;
  /** `count` bodies for a turn: the same texts for both sides, others in another turn. */
  bodies: (turn: number, count: number) => Promise<string[]> | string[];
}

export interface SideResult {
  /** Median over the rounds. */
  requestsPerSecond: number;
  /** Milliseconds of all answered requests. */
  p50: number;
  p99: number;
  /** Requests that were not answered with 200, by status or error code. */
  failures: Record<string, number>;
}

export interface ServerComparison {
  a: SideResult;
  b: SideResult;
  /** Answered requests a second of A ÷ those of B: the median of the rounds' ratios. */
  ratio: number;
  rounds: number;
  requestsPerTurn: number;
}

/**
 * Sends the same bodies to two servers, in closed loops that take turns A B B A. A turn has as many requests as the
 * slower server answers in about `seconds`, but at least two a client; there are fewer rounds where `rounds` would take
 * longer than `cellSeconds`.
 */
export async function compareServers(
  load: LoadGenerator,
  sides: readonly [Side, Side],
  { clients, rounds, seconds, cellSeconds }: { clients: number; rounds: number; seconds: number; cellSeconds: number },
): Promise<ServerComparison> {
  const run = async ({ target, bodies }: Side, turn: number, count: number) =>
    load.send({ target, bodies: await bodies(turn, count), manner: { clients } });
  const fewest = 2 * clients;
  const [first, second] = sides;
  // The first requests warm both up; the second lot says how fast they are.
  const trials: number[] = [];
  for (const side of sides) {
    await run(side, 0, clients);
    trials.push((await run(side, 1, fewest)).seconds);
  }
  const count = Math.max(fewest, Math.round((fewest * seconds) / Math.max(...trials)));
  const roundSeconds = (2 * sum(trials) * count) / fewest;
  const roundsInTime = Math.max(1, Math.min(rounds, Math.floor(cellSeconds / roundSeconds)));
  const results: { a: LoadResult[]; b: LoadResult[] } = { a: [], b: [] };
  const ratios: number[] = [];
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < roundsInTime; round++) {
    const turns = [2 + 2 * round, 3 + 2 * round] as const;
    const a1 = await run(first, turns[0], count);
    const b = [await run(second, turns[0], count), await run(second, turns[1], count)];
    const a = [a1, await run(first, turns[1], count)];
    results.a.push(...a);
    results.b.push(...b);
    const [rateA, rateB] = [rateOf(a), rateOf(b)];
    rates[0].push(rateA);
    rates[1].push(rateB);
    ratios.push(rateA / rateB);
  }
  return {
    a: summarize(results.a, rates[0]),
    b: summarize(results.b, rates[1]),
    ratio: median(ratios),
    rounds: roundsInTime,
    requestsPerTurn: count,
  };
}

/** Answered requests a second. */
function rateOf(results: readonly LoadResult[]): number {
  return sum(results.map(({ latencies }) => latencies.length)) / sum(results.map(({ seconds }) => seconds));
}

function summarize(results: readonly LoadResult[], rates: readonly number[]): SideResult {
  const latencies = results.flatMap((result) => [...result.latencies]);
  const failures: Record<string, number> = {};
  for (const result of results) {
    for (const [reason, count] of Object.entries(result.failures)) failures[reason] = (failures[reason] ?? 0) + count;
  }
  return {
    requestsPerSecond: median(rates),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    failures,
  };
}
