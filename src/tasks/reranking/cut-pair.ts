import type { TruncationSide } from '../../tokenization/truncate.ts';

/**
 * How many tokens are left of two texts that together have more than there is room for: the longer one loses tokens until
 * both are as long, then both. As `longest_first` of the tokenizers library (tokenizers/src/utils/truncation.rs).
 *
 * @returns [of the first, of the second]; together `room`, or what they had.
 */
export function longestFirst(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  const longer = Math.max(shorter, room - shorter);
  const half = Math.floor(room / 2);
  const left: [number, number] = shorter + longer > room ? [half, room - half] : [shorter, longer];
  return first <= second ? left : [left[1], left[0]];
}

/** The first or the last `count` of `ids`. */
export function keepTokens(ids: Int32Array, count: number, cut: TruncationSide): Int32Array {
  if (ids.length <= count) return ids;
  return cut === 'end' ? ids.subarray(0, count) : ids.subarray(ids.length - count);
}

/** Ids laid end to end. */
export function joinIds(lists: readonly Int32Array[]): Int32Array {
  const ids = new Int32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const list of lists) {
    ids.set(list, end);
    end += list.length;
  }
  return ids;
}
