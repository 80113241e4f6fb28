import { hash } from 'node:crypto';
import type { Item } from './result-source.ts';

/**
 * Bytes that stand for the texts of a row: half of a SHA-256. Nobody can make two texts that share them, and a vector that is
 * taken from an equal text is right.
 */
export const DIGEST_BYTES = 16;
/** Stands for a row that has no result. */
export const NO_DIGEST = Buffer.alloc(DIGEST_BYTES);

/** Texts have the same digest only if they are the same: how many, how long, and each half of a surrogate pair. */
export function digestOf(texts: Item): Buffer {
  const whole = texts.map((text) => `${text.length} ${text}`).join('');
  // As UTF-8, one half of a pair would look as any other. UTF-16 has a zero behind the first digit, which UTF-8 never has.
  const data = whole.isWellFormed() ? whole : Buffer.from(whole, 'utf16le');
  // Not as a buffer of its own: millions of small ones leave the memory of the process in pieces.
  return Buffer.from(hash('sha256', data, 'binary'), 'binary').subarray(0, DIGEST_BYTES);
}
