import { type Batch, rowOffsetsOf, toBatch } from '../../engine/protocol.ts';

/** Some sequences of a batch, which are computed in one go. */
export interface BatchPart {
  batch: Batch;
  /** Where they are in the whole batch. */
  sequences: number[];
}

/**
 * Splits a batch into its sequences of at most `longestTogether` tokens, and each longer one alone.
 * @returns the batch itself where there is nothing to split.
 */
export function splitBatch(batch: Batch, longestTogether: number): BatchPart[] {
  const { tokenIds, offsets, perToken } = batch;
  const all = Array.from({ length: offsets.length - 1 }, (_, i) => i);
  const lengthOf = (i: number) => (offsets[i + 1] as number) - (offsets[i] as number);
  const short = all.filter((i) => lengthOf(i) <= longestTogether);
  if (short.length === all.length || all.length === 1) return [{ batch, sequences: all }];
  const long = all.filter((i) => lengthOf(i) > longestTogether).map((i) => [i]);
  return [...(short.length === 0 ? [] : [short]), ...long].map((sequences) => ({
    batch: toBatch(
      sequences.map((i) => tokenIds.subarray(offsets[i], offsets[i + 1])),
      sequences.map((i) => perToken?.[i] === 1),
    ),
    sequences,
  }));
}

/**
 * Puts the rows of the parts of a batch where they belong.
 * @param rowsOfParts row-major [rows of the part, width].
 * @returns row-major [rows of the batch, width].
 */
export function joinRows(
  batch: Batch,
  parts: readonly BatchPart[],
  rowsOfParts: readonly Float32Array[],
): Float32Array {
  const starts = rowOffsetsOf(batch);
  const rowCount = starts.at(-1) as number;
  const width = rowsOfParts.reduce((sum, { length }) => sum + length, 0) / rowCount;
  const joined = new Float32Array(rowCount * width);
  for (const [p, { batch: part, sequences }] of parts.entries()) {
    const startsInPart = rowOffsetsOf(part);
    for (const [slot, i] of sequences.entries()) {
      const own = rowsOfParts[p]?.subarray(
        (startsInPart[slot] as number) * width,
        (startsInPart[slot + 1] as number) * width,
      );
      joined.set(own as Float32Array, (starts[i] as number) * width);
    }
  }
  return joined;
}
