import type { SpecialTokens } from './tokenizer.ts';

/** Which end of an over-long text is cut off. */
export type TruncationSide = 'end' | 'start';

/**
 * Shortens `ids` to `maxTokens`, keeping the special tokens around the text: the last one is what `last_token` pooling
 * reads, and a sequence that lost it gives a vector of another kind.
 *
 * @param promptIds what must stay at the start, special tokens before it included: the ids of the prompt alone. If the
 * start of the text is cut off, they replace what was there; if its end is, nothing changes.
 */
export function truncateIds(
  ids: Int32Array,
  maxTokens: number,
  side: TruncationSide,
  special: SpecialTokens,
  promptIds: Int32Array = ids.subarray(0, special.before),
): Int32Array {
  if (ids.length <= maxTokens) return ids;
  const bodyEnd = ids.length - special.after;
  const room = maxTokens - special.after;
  const kept = new Int32Array(maxTokens);
  if (side === 'end') {
    if (room < special.before) throw new RangeError(`${maxTokens} tokens are too few for the special tokens`);
    kept.set(ids.subarray(0, room));
  } else {
    const bodyRoom = room - promptIds.length;
    if (bodyRoom < 0) throw new RangeError(`${maxTokens} tokens are too few for the prompt and the special tokens`);
    kept.set(promptIds);
    kept.set(ids.subarray(bodyEnd - bodyRoom, bodyEnd), promptIds.length);
  }
  kept.set(ids.subarray(bodyEnd), room);
  return kept;
}
