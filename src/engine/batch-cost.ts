/** What a model computes, in floating-point operations. Multiply–add counts as two. */
export interface BatchCost {
  /** Of every matrix product, for one token row. */
  perRow: number;
  /** Of attention, for one padded slot and one position it attends over; masked ones are computed too. */
  perSlotAndPosition: number;
}

/**
 * A batch's size in tokens of short texts: a long text's tokens count for more, because each attends over all before.
 * Prefix sharing is left out: an upper bound.
 */
export function equivalentTokens(cost: BatchCost, offsets: Int32Array): number {
  let tokens = 0;
  for (let i = 1; i < offsets.length; i++) {
    const length = (offsets[i] as number) - (offsets[i - 1] as number);
    tokens += length * (1 + (length * cost.perSlotAndPosition) / cost.perRow);
  }
  return tokens;
}
