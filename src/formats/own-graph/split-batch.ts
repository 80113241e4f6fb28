import { type Batch, rowOffsetsOf, toBatch } from '../../engine/protocol.ts';

/** Some sequences of a batch, which are computed in one go. */
export interface BatchPart {
  batch: Batch;
  /** Where they are in the whole batch. */
  sequences: number[];
}

/**
 * Splits a batch into what is computed in one go: sequences for which `partOf` gives the same.
 * @returns the batch itself where there is nothing to split.
 */
export function splitBatch(batch: Batch, partOf: (length: number, i: number) => unknown): BatchPart[] {
  const { tokenIds, offsets, perToken } = batch;
  const parts = new Map<unknown, number[]>();
  for (const [i, start] of offsets.subarray(0, -1).entries()) {
    const part = partOf((offsets[i + 1] as number) - start, i);
    parts.set(part, [...(parts.get(part) ?? []), i]);
  }
  if (parts.size === 1) return [...parts.values()].map((sequences) => ({ batch, sequences }));
  return [...parts.values()].map((sequences) => ({
    batch: toBatch(
      sequences.map((i) => tokenIds.subarray(offsets[i], offsets[i + 1])),
      sequences.map((i) => perToken?.[i] === 1),
    ),
    sequences,
  }));
}

/**
 * Puts the rows of the parts of a batch where they belong. Those of a batch that was not split are there.
 * @param rowsOfParts row-major [rows of the part, width].
 * @returns row-major [rows of the batch, width].
 */
export function joinRows(
  batch: Batch,
  parts: readonly BatchPart[],
  rowsOfParts: readonly Float32Array[],
): Float32Array {
  if (parts.length === 1) return rowsOfParts[0] as Float32Array;
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
