import type { Dtype, ModelManifest } from '../model/manifest.ts';
import { batchCostOf } from './batch-cost.ts';
import { PackedMeter } from './packed/packed-meter.ts';
import { PaddedMeter } from './padded/padded-meter.ts';

/** A fresh meter for one batch of at most `batchTokens`, in what a batch of this model costs. */
export function createMeter(
  { weights, vocabularySize }: ModelManifest,
  dtype: Dtype,
  batchTokens: number,
): PackedMeter | PaddedMeter {
  if (weights.kind === 'packed') {
    return new PackedMeter({ maxUniqueTokens: batchTokens, vocabularySize, cost: batchCostOf(weights) });
  }
  return new PaddedMeter({ maxSlots: batchTokens, isPadded: weights.exports[dtype]?.isBatchDependent !== true });
}
