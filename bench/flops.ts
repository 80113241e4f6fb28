import type { Qwen3Config } from '../src/model/qwen3-config.ts';

/**
 * Floating-point operations a sequence of `length` tokens needs: two for each weight of the layers' matrices and each
 * token, and causal attention's scores and sums over the tokens before it. Per token that is
 * 2·P + 2·(heads × head_dim)·layers·(length + 1). Nominal: that the last layer skips most rows is not subtracted.
 */
export function sequenceFlops(config: Qwen3Config, length: number): number {
  const { hiddenSize, intermediateSize, layerCount, headCount, keyValueHeadCount, headDim } = config;
  const queryWidth = headCount * headDim;
  const attention = hiddenSize * (2 * queryWidth + 2 * keyValueHeadCount * headDim);
  const parameters = layerCount * (attention + 3 * hiddenSize * intermediateSize);
  return length * (2 * parameters + 2 * queryWidth * layerCount * (length + 1));
}
