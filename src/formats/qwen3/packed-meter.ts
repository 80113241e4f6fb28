import type { BatchCost } from '../../model-files/manifest.ts';
import { PrefixTrie } from './prefix-trie.ts';
import type { Qwen3Config } from './qwen3-config.ts';

/** Bounds attention's memory where one long text meets many short ones: padded slots per budgeted token. */
const SLOTS_PER_TOKEN = 4;
/** Part of a batch's work that may be attention over padding before a text is better off in another batch. */
const MAX_WASTE = 0.15;

export interface PackedMeterOptions {
  /** The budget. */
  maxUniqueTokens: number;
  vocabularySize: number;
  cost: BatchCost;
}

/**
 * Measures a batch for the packed path. Matrix products work on unique tokens, which are the budget; attention works on
 * a padded view, longest × batch size. So a short text is kept away from long ones where that padding would cost
 * noticeably: always in a small model, only among very long texts in a large one.
 */
export class PackedMeter {
  private readonly options: PackedMeterOptions;
  private readonly trie: PrefixTrie;
  private count = 0;
  private longest = 0;
  private tokens = 0;

  constructor(options: PackedMeterOptions) {
    this.options = options;
    this.trie = new PrefixTrie(options.vocabularySize);
  }

  fits(tokenIds: Int32Array, part = 1): boolean {
    const { cost } = this.options;
    const maxUniqueTokens = part * this.options.maxUniqueTokens;
    const longest = Math.max(this.longest, tokenIds.length);
    const tokens = this.tokens + tokenIds.length;
    const slots = (this.count + 1) * longest;
    if (slots > SLOTS_PER_TOKEN * maxUniqueTokens) return false;
    const perSlot = longest * cost.perSlotAndPosition;
    const waste = (slots - tokens) * perSlot;
    const work = tokens * cost.perRow + slots * perSlot;
    if (waste > MAX_WASTE * work) return false;
    return this.trie.size + this.trie.missing(tokenIds) <= maxUniqueTokens;
  }

  add(tokenIds: Int32Array): void {
    this.trie.insert(tokenIds);
    this.count += 1;
    this.tokens += tokenIds.length;
    this.longest = Math.max(this.longest, tokenIds.length);
  }
}

/** What the packed graph computes. */
export function packedCost(config: Qwen3Config): BatchCost {
  const queryWidth = config.headCount * config.headDim;
  const keyValueWidth = config.keyValueHeadCount * config.headDim;
  const attentionWeights = config.hiddenSize * (2 * queryWidth + 2 * keyValueWidth);
  const feedForwardWeights = 3 * config.hiddenSize * config.intermediateSize;
  return {
    perRow: 2 * config.layerCount * (attentionWeights + feedForwardWeights),
    perSlotAndPosition: 4 * config.layerCount * queryWidth,
  };
}
