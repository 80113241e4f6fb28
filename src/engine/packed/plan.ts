import { PrefixTrie } from './prefix-trie.ts';

/** How a batch is laid out for the packed graph. B sequences, S = longest, N = unique tokens (rows). */
export interface PackedPlan {
  batchSize: number;
  /** S: slots a sequence has in the padded view that attention works on. */
  longest: number;
  /** [N] token id of each packed row. */
  tokenIds: Int32Array;
  /** [B × S] padded slot → packed row. Slots past a sequence's end point at row 0; attention never reads them. */
  padIndex: Int32Array;
  /** [N] packed row → a flat padded slot that holds it. */
  packIndex: Int32Array;
  /** [B] packed row of each sequence's last token. */
  lastRow: Int32Array;
  /** [B] flat padded slot of each sequence's last token. */
  lastSlot: Int32Array;
  /** [B] length of each sequence. */
  lengths: Int32Array;
}

/**
 * Lays out a batch so that tokens sharing a prefix share a row: the rows are the nodes of a trie over the sequences.
 * Exact, not approximate: attention still sees every sequence whole.
 *
 * @param tokenIds all sequences, one after the other.
 * @param offsets [B + 1] start of each sequence in `tokenIds`; no sequence is empty.
 */
export function planPackedBatch(tokenIds: Int32Array, offsets: Int32Array, vocabularySize: number): PackedPlan {
  const batchSize = offsets.length - 1;
  const lengths = new Int32Array(batchSize);
  let longest = 0;
  for (let b = 0; b < batchSize; b++) {
    const length = (offsets[b + 1] as number) - (offsets[b] as number);
    if (length < 1) throw new RangeError(`sequence ${b} of the batch is empty`);
    lengths[b] = length;
    longest = Math.max(longest, length);
  }

  const trie = new PrefixTrie(vocabularySize);
  const padIndex = new Int32Array(batchSize * longest);
  const lastRow = new Int32Array(batchSize);
  const lastSlot = new Int32Array(batchSize);
  const slotOfNode: number[] = [];
  for (let b = 0; b < batchSize; b++) {
    const firstSlot = b * longest;
    trie.insert(tokenIds.subarray(offsets[b], offsets[b + 1]), (position, node) => {
      const slot = firstSlot + position;
      padIndex[slot] = node;
      if (node === slotOfNode.length) slotOfNode.push(slot);
    });
    lastSlot[b] = firstSlot + (lengths[b] as number) - 1;
    lastRow[b] = padIndex[lastSlot[b] as number] as number;
  }
  return {
    batchSize,
    longest,
    tokenIds: Int32Array.from(trie.nodeTokens),
    padIndex,
    packIndex: Int32Array.from(slotOfNode),
    lastRow,
    lastSlot,
    lengths,
  };
}
