import type { PackedPlan } from './plan.ts';

/** A batch as attention sees it that takes a rectangle: B sequences, S slots each. */
export interface PaddedView {
  /** S. */
  slots: number;
  /** [B × S] padded slot → row of kept and packed ones. Slots past a sequence's end point at its first row; attention does not see them. */
  padIndex: Int32Array;
  /** [B × S] padded slot → packed row, and 0 where the row is a kept one. */
  queryPadIndex: Int32Array;
  /** [N] packed row → a flat padded slot that holds it. */
  packIndex: Int32Array;
}

/**
 * How many slots sequences have whose longest has `tokens` tokens: an even number. ONNX Runtime's GroupQueryAttention works on
 * blocks of queries, as many as suit the processor's cache, always an even number, and rounds a block of a single query otherwise.
 * Without the spare slot a sequence's last token would be such a block alone, and not among longer sequences.
 */
export function slotsFor(tokens: number): number {
  return tokens + (tokens % 2);
}

/** Lays the rows of a batch out as a rectangle. */
export function paddedView({ lengths, tokenIds, keptCount, rows }: PackedPlan): PaddedView {
  const slots = slotsFor(Math.max(...lengths));
  const padIndex = new Int32Array(lengths.length * slots);
  const packIndex = new Int32Array(tokenIds.length);
  let start = 0;
  for (const [b, length] of lengths.entries()) {
    // At a row of its own: a number that is not finite would get through, since 0 × NaN is NaN.
    padIndex.fill(rows[start] as number, b * slots, (b + 1) * slots);
    padIndex.set(rows.subarray(start, start + length), b * slots);
    for (let position = 0; position < length; position++) {
      const row = (rows[start + position] as number) - keptCount;
      if (row >= 0) packIndex[row] = b * slots + position;
    }
    start += length;
  }
  return { slots, padIndex, queryPadIndex: padIndex.map((row) => Math.max(0, row - keptCount)), packIndex };
}
