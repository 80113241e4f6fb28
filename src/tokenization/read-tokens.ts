import type { Encoding } from 'tokenizers';
import type { ReadToken } from './tokenizer.ts';

/**
 * What each token of an encoding stands for in `text`.
 * @param lowercase whether the text was encoded in lower case: its places are those of the text as it came.
 */
export function readTokens(encoding: Encoding, text: string, lowercase: boolean): ReadToken[] {
  const offsets = encoding.getOffsets() as [number, number][];
  const specials = encoding.getSpecialTokensMask();
  const names = encoding.getTokens();
  const { units, bytes } = placesOf(text, lowercase);
  return encoding.getIds().map((id, i) => {
    if (specials[i] === 1) return { id, text: names[i] as string, special: true, start: null, stop: null };
    const [first, end] = offsets[i] as [number, number];
    const [start, stop] = [bytes[first] as number, bytes[end] as number];
    return { id, text: text.slice(units[first], units[end]), special: false, start, stop };
  });
}

/**
 * Where each code point that the native tokenizer counted begins in the text, and where the last one ends: in UTF-16
 * units, as JavaScript counts, and in bytes of UTF-8.
 */
function placesOf(text: string, lowercase: boolean): { units: number[]; bytes: number[] } {
  const units: number[] = [];
  const bytes: number[] = [];
  let unit = 0;
  let byte = 0;
  for (const character of text) {
    // Lower case has more code points than one where `İ` stood.
    const codePoints = lowercase ? Array.from(character.toLowerCase()).length : 1;
    for (let i = 0; i < codePoints; i++) {
      units.push(unit);
      bytes.push(byte);
    }
    unit += character.length;
    byte += bytesOf(character.codePointAt(0) as number);
  }
  units.push(unit);
  bytes.push(byte);
  return { units, bytes };
}

function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x1_00_00 ? 3 : 4;
}
