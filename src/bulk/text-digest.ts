import { createHash } from 'node:crypto';
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
  const hash = createHash('sha256');
  for (const text of texts) {
    // As UTF-8, one half of a pair would look as any other.
    const encoding = text.isWellFormed() ? 'utf8' : 'utf16le';
    hash.update(`${encoding} ${text.length} `).update(text, encoding);
  }
  return hash.digest().subarray(0, DIGEST_BYTES);
}
