import type { Batch } from '../src/engine/protocol.ts';
import type { PackedPlan } from '../src/formats/causal/plan.ts';

/**
 * Lays out a batch as an ordinary padded engine would: a row for every slot, padding included, and no row shared.
 * Fed to the same graph it does the same arithmetic on more rows, so it is what packing is compared with.
 */
export function planPaddedBatch({ tokenIds, offsets }: Batch): PackedPlan {
  const lengths = lengthsOf(offsets);
  const slots = Math.max(...lengths);
  const padded = new Int32Array(lengths.length * slots);
  for (const b of lengths.keys()) padded.set(tokenIds.subarray(offsets[b], offsets[b + 1]), b * slots);
  return {
    lengths: lengths.map(() => slots),
    tokenIds: padded,
    keptCount: 0,
    rows: padded.map((_, row) => row),
    lastRow: lengths.map((length, b) => b * slots + length - 1),
  };
}

/** Lays out a batch without padding rows but with a row for every token, shared prefix or not. */
export function planWithoutSharing({ tokenIds, offsets }: Batch): PackedPlan {
  const lengths = lengthsOf(offsets);
  return {
    lengths,
    tokenIds,
    keptCount: 0,
    rows: tokenIds.map((_, row) => row),
    lastRow: lengths.map((_, b) => (offsets[b + 1] as number) - 1),
  };
}

function lengthsOf(offsets: Int32Array): Int32Array {
  return Int32Array.from(offsets.subarray(1), (end, b) => end - (offsets[b] as number));
}
