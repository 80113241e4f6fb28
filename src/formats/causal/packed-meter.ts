import type { BatchCost } from '../../model-files/manifest.ts';
import { AttentionView } from '../graph-writer/attention-view.ts';
import type { CausalConfig } from './architecture.ts';
import { PrefixTrie } from './prefix-trie.ts';

export interface PackedMeterOptions {
  /** The budget. */
  maxUniqueTokens: number;
  cost: BatchCost;
}

/** Measures a batch for the packed path, whose matrix products work on unique tokens: they are the budget. */
export class PackedMeter {
  private readonly maxUniqueTokens: number;
  private readonly trie = new PrefixTrie();
  private readonly view: AttentionView;

  constructor({ maxUniqueTokens, cost }: PackedMeterOptions) {
    this.maxUniqueTokens = maxUniqueTokens;
    this.view = new AttentionView(cost);
  }

  fits(tokenIds: Int32Array, part = 1): boolean {
    const maxUniqueTokens = part * this.maxUniqueTokens;
    if (!this.view.fits(tokenIds.length, maxUniqueTokens)) return false;
    return this.trie.size + this.trie.missing(tokenIds) <= maxUniqueTokens;
  }

  add(tokenIds: Int32Array): void {
    this.trie.insert(tokenIds);
    this.view.add(tokenIds.length);
  }
}

/** What the packed graph computes. */
export function packedCost(config: CausalConfig): BatchCost {
  const queryWidth = config.headCount * config.headDim;
  const keyValueWidth = config.keyValueHeadCount * config.headDim;
  const attentionWeights = config.hiddenSize * (2 * queryWidth + 2 * keyValueWidth);
  const feedForwardWeights = 3 * config.hiddenSize * config.intermediateSize;
  return {
    perRow: 2 * config.layerCount * (attentionWeights + feedForwardWeights),
    perSlotAndPosition: 4 * config.layerCount * queryWidth,
  };
}
