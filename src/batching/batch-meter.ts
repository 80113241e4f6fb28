/** What a smaller batch must reach of a full one's pace: bulk shall lose no more than that. */
const ENOUGH = 0.8;
/** No batch is made shorter, in milliseconds: about one lies between two, and the pace does not have it. */
const SHORTEST_BATCH_MS = 2.5;
/** Nor smaller. */
const LEAST_PART = 1 / 4;

/** Measures a batch while it is formed, in whatever the engine's cost is: unique tokens, padded tokens. */
export interface BatchMeter {
  /** Whether the batch stays within its budget, or within `part` of it, with `tokenIds` added. */
  fits(tokenIds: Int32Array, part?: number): boolean;
  add(tokenIds: Int32Array): void;
}

/**
 * To what part of the budget bulk fills its batches while queries come: whoever comes waits for the batch being computed.
 * The smallest batch that is not much slower than a full one, a token.
 * @param curve batches that were measured, the smallest first.
 * @param batchTokens the budget.
 * @returns a number in (0, 1]; 1 where nothing smaller is known to be fast enough.
 */
export function partBesideQueries(
  curve: readonly { tokens: number; milliseconds: number }[],
  batchTokens: number,
): number {
  const measured = curve.filter(({ tokens }) => tokens <= batchTokens);
  const paceOf = ({ tokens, milliseconds }: (typeof measured)[number]) => tokens / milliseconds;
  const best = Math.max(...measured.map(paceOf));
  const smallest = measured.find((batch) => batch.milliseconds >= SHORTEST_BATCH_MS && paceOf(batch) >= ENOUGH * best);
  return smallest === undefined ? 1 : Math.max(LEAST_PART, smallest.tokens / batchTokens);
}
