import type { Batch } from '../src/engine/protocol.ts';
import type { PackedPlan } from '../src/formats/causal/plan.ts';

/**
 * Lays out a batch as an ordinary padded engine would: a row for every slot, padding included, and no row shared.
 * Fed to the same graph it does the same arithmetic on more rows, so it is what packing is compared with.
 */
export function planPaddedBatch({ tokenIds, offsets }: Batch): PackedPlan {
  const batchSize = offsets.length - 1;
  const lengths = Int32Array.from({ length: batchSize }, (_, b) => (offsets[b + 1] as number) - (offsets[b] as number));
  const slots = Math.max(...lengths);
  const rows = Int32Array.from({ length: batchSize * slots }, (_, row) => row);
  const padded = new Int32Array(rows.length);
  for (let b = 0; b < batchSize; b++) padded.set(tokenIds.subarray(offsets[b], offsets[b + 1]), b * slots);
  return {
    batchSize,
    slots,
    tokenIds: padded,
    padIndex: rows,
    queryPadIndex: rows,
    packIndex: rows,
    ...lastOf(lengths, slots),
  };
}

/** Lays out a batch without padding rows but with a row for every token, shared prefix or not. */
export function planWithoutSharing({ tokenIds, offsets }: Batch): PackedPlan {
  const batchSize = offsets.length - 1;
  const lengths = Int32Array.from({ length: batchSize }, (_, b) => (offsets[b + 1] as number) - (offsets[b] as number));
  const slots = Math.max(...lengths);
  const padIndex = new Int32Array(batchSize * slots);
  const packIndex = new Int32Array(tokenIds.length);
  for (let b = 0; b < batchSize; b++) {
    for (let i = 0; i < (lengths[b] as number); i++) {
      const row = (offsets[b] as number) + i;
      padIndex[b * slots + i] = row;
      packIndex[row] = b * slots + i;
    }
  }
  const { lastSlot } = lastOf(lengths, slots);
  return {
    batchSize,
    slots,
    tokenIds,
    padIndex,
    queryPadIndex: padIndex,
    packIndex,
    lengths,
    lastSlot,
    lastRow: lastSlot.map((slot) => padIndex[slot] as number),
  };
}

/** Where each sequence ends when every slot has its own row. */
function lastOf(lengths: Int32Array, slots: number): Pick<PackedPlan, 'lengths' | 'lastRow' | 'lastSlot'> {
  const lastSlot = lengths.map((length, b) => b * slots + length - 1);
  return { lengths, lastRow: lastSlot, lastSlot };
}
