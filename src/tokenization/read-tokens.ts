import type { NativePart } from './native-part.ts';
import type { Segment } from './read-in-parts.ts';
import type { PlaceUnit, ReadToken } from './tokenizer.ts';

/**
 * What each token of a segment stands for.
 * @param piece the text of the segment's part.
 * @param before how much of the text is before the part.
 */
export function readTokens(
  { part: { encoding, ids }, first, end }: Segment<NativePart>,
  piece: string,
  before: number,
  unit: PlaceUnit,
): ReadToken[] {
  const offsets = encoding.getOffsets() as [number, number][];
  const { units, bytes } = placesOf(piece);
  return ids.slice(first, end).map((id, i) => {
    const [from, to] = offsets[first + i] as [number, number];
    const [start, stop] = unit === 'bytes' ? [bytes[from] as number, bytes[to] as number] : [from, to];
    const text = piece.slice(units[from], units[to]);
    return { id, text, special: false, start: before + start, stop: before + stop };
  });
}

/** How many places of a kind a text takes. */
export function countPlaces(text: string, unit: PlaceUnit): number {
  if (unit === 'bytes') return Buffer.byteLength(text);
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * Where each code point that the native tokenizer counted begins in the text, and where the last one ends: in UTF-16
 * units, as JavaScript counts, and in bytes of UTF-8.
 */
function placesOf(text: string): { units: number[]; bytes: number[] } {
  const units: number[] = [];
  const bytes: number[] = [];
  let unit = 0;
  let byte = 0;
  for (const character of text) {
    units.push(unit);
    bytes.push(byte);
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
