import { type Batch, rowOffsetsOf } from '../../engine/protocol.ts';

/** How a batch is laid out for an encoder's graph: B sequences, S slots each, N tokens (rows), R rows asked for. */
export interface EncoderPlan {
  batchSize: number;
  /** S: slots a sequence has in the padded view that attention works on: as many as the longest has tokens, or more. */
  slots: number;
  /** [N] position of each token in its sequence. */
  positions: Int32Array;
  /** [B × S] padded slot → row. Slots past a sequence's end point at its first row; attention does not see them. */
  padIndex: Int32Array;
  /** [N] row → flat padded slot. */
  packIndex: Int32Array;
  /** [B] row of each sequence's first token. */
  starts: Int32Array;
  /** [B] */
  lengths: Int32Array;
}

/**
 * Lays out a batch: rows are its tokens, one sequence after the other. No two tokens share a row, since each sees all of its
 * sequence.
 * @param leastSlots see `leastColumnsFor`.
 * @throws {RangeError} for an empty sequence.
 */
export function planEncoderBatch({ tokenIds, offsets }: Batch, leastSlots: number): EncoderPlan {
  const batchSize = offsets.length - 1;
  const starts = offsets.slice(0, batchSize);
  const lengths = starts.map((start, i) => (offsets[i + 1] as number) - start);
  const empty = lengths.indexOf(0);
  if (empty >= 0) throw new RangeError(`sequence ${empty} of the batch is empty`);
  const slots = lengths.reduce((most, length) => Math.max(most, length), leastSlots);
  const positions = new Int32Array(tokenIds.length);
  const padIndex = new Int32Array(batchSize * slots);
  const packIndex = new Int32Array(tokenIds.length);
  for (const [i, start] of starts.entries()) {
    // At a row of its own: a number that is not finite would get through, since 0 × NaN is NaN.
    padIndex.fill(start, i * slots, (i + 1) * slots);
    for (let position = 0; position < (lengths[i] as number); position++) {
      const slot = i * slots + position;
      positions[start + position] = position;
      padIndex[slot] = start + position;
      packIndex[start + position] = slot;
    }
  }
  return { batchSize, slots, positions, padIndex, packIndex, starts, lengths };
}

/**
 * The rows that a batch asks for where each sequence has one of its own: its first or last token's, or all of those whose
 * tokens are asked for one by one.
 * @returns [R]
 */
export function rowsAskedFor(batch: Batch, { starts, lengths }: EncoderPlan, token: 'first' | 'last'): Int32Array {
  const rowOffsets = rowOffsetsOf(batch);
  const rows = new Int32Array(rowOffsets.at(-1) as number);
  for (const [i, start] of starts.entries()) {
    const length = lengths[i] as number;
    const first = rowOffsets[i] as number;
    if (batch.perToken?.[i] === 1) {
      for (let position = 0; position < length; position++) rows[first + position] = start + position;
    } else {
      rows[first] = token === 'first' ? start : start + length - 1;
    }
  }
  return rows;
}

/**
 * Positions where padding takes none (`create_position_ids_from_input_ids`): the first token has the one after the padding
 * token's id, and the padding token, wherever a text has it, that of its id.
 * @returns [N]
 */
export function positionsAfterPadding({ tokenIds, offsets }: Batch, paddingToken: number): Int32Array {
  const positions = new Int32Array(tokenIds.length).fill(paddingToken);
  for (const [i, start] of offsets.subarray(0, -1).entries()) {
    let last = paddingToken;
    for (let row = start; row < (offsets[i + 1] as number); row++) {
      if (tokenIds[row] !== paddingToken) positions[row] = ++last;
    }
  }
  return positions;
}
