import { PrefixTrie } from './prefix-trie.ts';

/**
 * Attention works on a padded view, longest × batch size slots, whatever packing saves elsewhere. This many slots per
 * budgeted token keep its memory bounded when one long text meets many short ones.
 */
const SLOTS_PER_TOKEN = 4;

/** Measures a batch for the packed path: unique tokens, and the padded slots that attention will see. */
export class PackedMeter {
  private readonly trie: PrefixTrie;
  private readonly maxUniqueTokens: number;
  private count = 0;
  private longest = 0;

  constructor(maxUniqueTokens: number, vocabularySize: number) {
    this.maxUniqueTokens = maxUniqueTokens;
    this.trie = new PrefixTrie(vocabularySize);
  }

  fits(tokenIds: Int32Array): boolean {
    const slots = (this.count + 1) * Math.max(this.longest, tokenIds.length);
    if (slots > SLOTS_PER_TOKEN * this.maxUniqueTokens) return false;
    return this.trie.size + this.trie.missing(tokenIds) <= this.maxUniqueTokens;
  }

  add(tokenIds: Int32Array): void {
    this.trie.insert(tokenIds);
    this.count += 1;
    this.longest = Math.max(this.longest, tokenIds.length);
  }
}
