import type { Encoding } from 'tokenizers';
import type { ReadToken } from './tokenizer.ts';

/** What each token of an encoding stands for. Offsets of the native tokenizer count code points, JavaScript's do not. */
export function readTokens(encoding: Encoding, text: string): ReadToken[] {
  const offsets = encoding.getOffsets() as [number, number][];
  const specials = encoding.getSpecialTokensMask();
  const names = encoding.getTokens();
  const codePoints = Array.from(text);
  return encoding.getIds().map((id, i) => {
    if (specials[i] === 1) return { id, text: names[i] as string, special: true, start: null, stop: null };
    const [start, stop] = offsets[i] as [number, number];
    return { id, text: codePoints.slice(start, stop).join(''), special: false, start, stop };
  });
}
