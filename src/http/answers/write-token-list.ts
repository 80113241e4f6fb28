import { setImmediate } from 'node:timers/promises';
import type { ReadToken } from '../../tasks/embedding/embedder.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Tokens written between two yields: a millisecond or so. */
const TOKENS_PER_SLICE = 2_000;

/** `{"id":151643,"text":"","special":false,"start":123456,"stop":123456,"prompt":false},` */
const BYTES_PER_TOKEN = 110;
/** Of a UTF-16 unit, as `\u0000`. */
export const MOST_BYTES_OF_UNIT = 6;

/** What {@link writeTokenList} makes of them, in bytes, at most: what there must be room for. */
export function boundOfTokenList(tokens: readonly ReadToken[]): number {
  return tokens.reduce((sum, { text }) => sum + BYTES_PER_TOKEN + MOST_BYTES_OF_UNIT * text.length, 2);
}

/** Writes an array of tokens as people read them. The event loop is let in between slices. */
export async function writeTokenList(writer: ByteWriter, tokens: readonly ReadToken[]): Promise<void> {
  writer.text('[');
  for (let start = 0; start < tokens.length; start += TOKENS_PER_SLICE) {
    const slice = JSON.stringify(tokens.slice(start, start + TOKENS_PER_SLICE)).slice(1, -1);
    writer.text(`${start === 0 ? '' : ','}${slice}`);
    await setImmediate();
  }
  writer.text(']');
}
