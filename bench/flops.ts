import type { BatchCost } from '../src/model-files/manifest.ts';

/**
 * Floating-point operations a sequence of `length` tokens needs: two for each weight of the layers' matrices and each
 * token, and causal attention's scores and sums over the tokens before it, which is half of what the graph computes.
 * Nominal: that the last layer skips most rows is not subtracted.
 */
export function sequenceFlops({ perRow, perSlotAndPosition }: BatchCost, length: number): number {
  return length * (perRow + (perSlotAndPosition / 2) * (length + 1));
}
