import type { SpecialTokens } from './tokenizer.ts';

/** Which end of an over-long text is cut off. */
export type TruncationSide = 'end' | 'start';

/**
 * Shortens `ids` to `maxTokens`, keeping the special tokens around the text: the last one is what `last_token` pooling
 * reads, and a sequence that lost it gives a vector of another kind.
 */
export function truncateIds(
  ids: Int32Array,
  maxTokens: number,
  side: TruncationSide,
  special: SpecialTokens,
): Int32Array {
  if (ids.length <= maxTokens) return ids;
  const room = maxTokens - special.before - special.after;
  if (room < 0) throw new RangeError(`${maxTokens} tokens do not hold the special tokens`);
  const bodyEnd = ids.length - special.after;
  const bodyStart = side === 'end' ? special.before : bodyEnd - room;
  const kept = new Int32Array(maxTokens);
  kept.set(ids.subarray(0, special.before));
  kept.set(ids.subarray(bodyStart, bodyStart + room), special.before);
  kept.set(ids.subarray(bodyEnd), special.before + room);
  return kept;
}
