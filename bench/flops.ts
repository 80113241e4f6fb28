import { batchCostOf } from '../src/engine/packed/batch-cost.ts';
import type { Qwen3Config } from '../src/model/qwen3-config.ts';

/**
 * Floating-point operations a sequence of `length` tokens needs: two for each weight of the layers' matrices and each
 * token, and causal attention's scores and sums over the tokens before it, which is half of what the graph computes.
 * Nominal: that the last layer skips most rows is not subtracted.
 */
export function sequenceFlops(config: Qwen3Config, length: number): number {
  const { perRow, perSlotAndPosition } = batchCostOf(config);
  return length * (perRow + (perSlotAndPosition / 2) * (length + 1));
}
