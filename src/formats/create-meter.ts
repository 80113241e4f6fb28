import { batchCostOf } from '../engine/batch-cost.ts';
import type { Dtype, ModelManifest } from '../model-files/manifest.ts';
import { PaddedMeter } from './onnx/padded-meter.ts';
import { PackedMeter } from './qwen3/packed-meter.ts';

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
