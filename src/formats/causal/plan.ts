import { rowOffsetsOf } from '../../engine/protocol.ts';
import { PrefixTrie } from './prefix-trie.ts';

/** Which rows a batch has. B sequences of T tokens together, N = unique tokens (rows), P = rows kept before. */
export interface PackedPlan {
  /** [B] length of each sequence. */
  lengths: Int32Array;
  /** [N] token id of each packed row. */
  tokenIds: Int32Array;
  /** P. */
  keptCount: number;
  /**
   * [T] row of each token, sequence after sequence: kept rows are counted first, then packed ones, in the order in which they
   * are come upon. So the packed rows that a sequence is the first to have are the last of its own.
   */
  rows: Int32Array;
  /** [R] packed row of each token whose hidden state is answered: each sequence's last one, or all of its. */
  lastRow: Int32Array;
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
  perToken?: Uint8Array,
  kept: Int32Array = new Int32Array(),
): PackedPlan {
  const keptCount = kept.length;
  const trie = new PrefixTrie();
  // Nodes in their order: kept rows come first.
  trie.insert(kept);
  const lengths = new Int32Array(offsets.length - 1);
  const rows = new Int32Array(tokenIds.length);
  const rowTokens = new Int32Array(tokenIds.length);
  const rowOffsets = rowOffsetsOf({ offsets, perToken });
  const lastRow = new Int32Array(rowOffsets[lengths.length] as number);
  for (let b = 0; b < lengths.length; b++) {
    const [start, end] = [offsets[b] as number, offsets[b + 1] as number];
    if (end === start) throw new RangeError(`sequence ${b} of the batch is empty`);
    lengths[b] = end - start;
    const rowsBefore = trie.size;
    rows.set(trie.insert(tokenIds.subarray(start, end)), start);
    rowTokens.set(tokenIds.subarray(end - (trie.size - rowsBefore), end), rowsBefore - keptCount);
    for (let r = rowOffsets[b + 1] as number, token = end - 1; r-- > (rowOffsets[b] as number); token--) {
      const row = (rows[token] as number) - keptCount;
      if (row < 0) throw new RangeError(`a token of sequence ${b} that is asked for was kept, and is not computed`);
      lastRow[r] = row;
    }
  }
  return { lengths, tokenIds: rowTokens.slice(0, trie.size - keptCount), keptCount, rows, lastRow };
}

/** The same layout, with the hidden state of every row as its answer: what poolings read that need more than one. */
export function answerEveryRow(plan: PackedPlan): PackedPlan {
  return { ...plan, lastRow: plan.tokenIds.map((_, row) => row) };
}

/** [N] position of each packed row in the sequences that have it. */
export function positionsOf({ lengths, tokenIds, keptCount, rows }: PackedPlan): Int32Array {
  const positions = new Int32Array(tokenIds.length);
  let start = 0;
  for (const length of lengths) {
    for (let position = 0; position < length; position++) {
      const row = (rows[start + position] as number) - keptCount;
      if (row >= 0) positions[row] = position;
    }
    start += length;
  }
  return positions;
}

/**
 * Hidden states of every token, sequence after sequence, from those of the packed rows, which tokens may share.
 * @param states row-major [N, width].
 * @returns row-major [T, width].
 */
export function statesOfSequences(states: Float32Array, width: number, { rows }: PackedPlan): Float32Array {
  const ofTokens = new Float32Array(rows.length * width);
  for (const [token, row] of rows.entries()) {
    ofTokens.set(states.subarray(row * width, (row + 1) * width), token * width);
  }
  return ofTokens;
}
