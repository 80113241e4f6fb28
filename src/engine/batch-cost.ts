import type { PackedWeights, PaddedWeights } from '../model-files/manifest.ts';

/** What a model computes, in floating-point operations. Multiply–add counts as two. */
export interface BatchCost {
  /** Of every matrix product, for one token row. */
  perRow: number;
  /** Of attention, for one padded slot and one position it attends over; masked ones are computed too. */
  perSlotAndPosition: number;
}

export function batchCostOf(weights: PackedWeights | PaddedWeights): BatchCost {
  return weights.kind === 'packed' ? costOfQwen3(weights) : costOfEncoder(weights);
}

function costOfQwen3({ architecture: config }: PackedWeights): BatchCost {
  const queryWidth = config.headCount * config.headDim;
  const keyValueWidth = config.keyValueHeadCount * config.headDim;
  const attentionWeights = config.hiddenSize * (2 * queryWidth + 2 * keyValueWidth);
  const feedForwardWeights = 3 * config.hiddenSize * config.intermediateSize;
  return {
    perRow: 2 * config.layerCount * (attentionWeights + feedForwardWeights),
    perSlotAndPosition: 4 * config.layerCount * queryWidth,
  };
}

/** As a BERT layer has it: four square projections and two feed-forward matrices. An estimate for other encoders. */
function costOfEncoder({ size }: PaddedWeights): BatchCost {
  const { hiddenSize, intermediateSize, layerCount } = size;
  return {
    perRow: 2 * layerCount * (4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize),
    perSlotAndPosition: 4 * layerCount * hiddenSize,
  };
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
