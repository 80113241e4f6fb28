import { rowOffsetsOf } from '../../engine/protocol.ts';
import { PrefixTrie } from './prefix-trie.ts';

/** How a batch is laid out for the packed graph. B sequences, S slots each, N = unique tokens (rows), P = rows kept before. */
export interface PackedPlan {
  batchSize: number;
  /** S: slots a sequence has in the padded view that attention works on. */
  slots: number;
  /** [N] token id of each packed row. */
  tokenIds: Int32Array;
  /** [B × S] padded slot → row of kept and packed ones. Slots past a sequence's end point at its first row; attention does not see them. */
  padIndex: Int32Array;
  /** [B × S] padded slot → packed row, and 0 where the row is a kept one. The same array as `padIndex` without these. */
  queryPadIndex: Int32Array;
  /** [N] packed row → a flat padded slot that holds it. */
  packIndex: Int32Array;
  /** [R] packed row of each token whose hidden state is answered: each sequence's last one, or all of its. */
  lastRow: Int32Array;
  /** [R] flat padded slot of the same tokens. */
  lastSlot: Int32Array;
  /** [B] length of each sequence. */
  lengths: Int32Array;
}

/**
 * How many slots sequences have whose longest has `tokens` tokens: an even number. ONNX Runtime's attention works on blocks of
 * queries, as many as suit the processor's cache, always an even number, and rounds a block of a single query otherwise. Without
 * the spare slot a sequence's last token would be such a block alone, and not among longer sequences.
 */
export function slotsFor(tokens: number): number {
  return tokens + (tokens % 2);
}

/**
 * Lays out a batch so that tokens sharing a prefix share a row: the rows are the nodes of a trie over the sequences.
 * Exact, not approximate: attention still sees every sequence whole.
 *
 * @param tokenIds all sequences, one after the other.
 * @param offsets [B + 1] start of each sequence in `tokenIds`; no sequence is empty.
 * @param perToken [B] 1 where all tokens of a sequence are answered; left out: nowhere.
 * @param kept tokens whose keys and values are known, as sequences begin with them; never the last token of one.
 */
export function planPackedBatch(
  tokenIds: Int32Array,
  offsets: Int32Array,
  vocabularySize: number,
  perToken?: Uint8Array,
  kept: Int32Array = new Int32Array(),
): PackedPlan {
  const batchSize = offsets.length - 1;
  const lengths = new Int32Array(batchSize);
  let longest = 0;
  for (let b = 0; b < batchSize; b++) {
    const length = (offsets[b + 1] as number) - (offsets[b] as number);
    if (length < 1) throw new RangeError(`sequence ${b} of the batch is empty`);
    lengths[b] = length;
    longest = Math.max(longest, length);
  }
  const slots = slotsFor(longest);

  const trie = new PrefixTrie(vocabularySize);
  // Nodes in their order: kept rows come first.
  trie.insert(kept);
  const isKept = (node: number) => node < kept.length;
  const padIndex = new Int32Array(batchSize * slots);
  const rowOffsets = rowOffsetsOf({ offsets, perToken });
  const lastRow = new Int32Array(rowOffsets[batchSize] as number);
  const lastSlot = new Int32Array(lastRow.length);
  const slotOfNode: number[] = [];
  for (let b = 0; b < batchSize; b++) {
    const firstSlot = b * slots;
    trie.insert(tokenIds.subarray(offsets[b], offsets[b + 1]), (position, node) => {
      const slot = firstSlot + position;
      padIndex[slot] = node;
      if (node === kept.length + slotOfNode.length) slotOfNode.push(slot);
    });
    const end = firstSlot + (lengths[b] as number);
    // At a row of its own: a number that is not finite would get through, since 0 × NaN is NaN.
    padIndex.fill(padIndex[firstSlot] as number, end, firstSlot + slots);
    for (let r = rowOffsets[b + 1] as number, slot = end - 1; r-- > (rowOffsets[b] as number); slot--) {
      lastSlot[r] = slot;
      const node = padIndex[slot] as number;
      if (isKept(node))
        throw new RangeError(`a token of sequence ${b} that is asked for was kept, and is not computed`);
      lastRow[r] = node - kept.length;
    }
  }
  return {
    batchSize,
    slots,
    tokenIds: Int32Array.from(trie.nodeTokens.slice(kept.length)),
    padIndex,
    queryPadIndex: kept.length === 0 ? padIndex : padIndex.map((node) => (isKept(node) ? 0 : node - kept.length)),
    packIndex: Int32Array.from(slotOfNode),
    lastRow,
    lastSlot,
    lengths,
  };
}

/** The same layout, with the hidden state of every row as its answer: what poolings read that need more than one. */
export function answerEveryRow(plan: PackedPlan): PackedPlan {
  return { ...plan, lastRow: Int32Array.from(plan.packIndex, (_, row) => row), lastSlot: plan.packIndex };
}

/**
 * Hidden states of every token, sequence after sequence, from those of the packed rows, which tokens may share.
 * @param rows row-major [N, width].
 * @returns row-major [tokens, width].
 */
export function statesOfSequences(
  rows: Float32Array,
  width: number,
  { batchSize, slots, lengths, padIndex }: PackedPlan,
): Float32Array {
  const states = new Float32Array(lengths.reduce((sum, length) => sum + length, 0) * width);
  let end = 0;
  for (let b = 0; b < batchSize; b++) {
    for (let position = 0; position < (lengths[b] as number); position++, end += width) {
      const row = padIndex[b * slots + position] as number;
      states.set(rows.subarray(row * width, (row + 1) * width), end);
    }
  }
  return states;
}
