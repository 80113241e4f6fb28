import { setImmediate } from 'node:timers/promises';
import type { ReadToken } from '../../../tasks/embedding/embedder.ts';

/** Tokens written between two yields: a millisecond or so. */
const TOKENS_PER_SLICE = 2_000;

/** `{"id":151643,"text":"","special":false,"start":123456,"stop":123456},` */
const BYTES_PER_TOKEN = 90;
/** Of a UTF-16 unit, as `\u0000`. */
export const MOST_BYTES_OF_UNIT = 6;

/** What `encodeReadTokens` makes of them, in bytes, at most: what there must be room for. */
export function boundOfReadTokens(texts: readonly (readonly ReadToken[])[]): number {
  let bytes = 3 * texts.length + 2;
  for (const tokens of texts) {
    for (const { text } of tokens) bytes += BYTES_PER_TOKEN + MOST_BYTES_OF_UNIT * text.length;
  }
  return bytes;
}

/** Writes the tokens of each text as an array of arrays. The event loop is let in between slices. */
export async function encodeReadTokens(texts: readonly (readonly ReadToken[])[]): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let before = '[';
  for (const [i, tokens] of texts.entries()) {
    before += i === 0 ? '[' : ',[';
    for (let start = 0; start < tokens.length; start += TOKENS_PER_SLICE) {
      const slice = JSON.stringify(tokens.slice(start, start + TOKENS_PER_SLICE)).slice(1, -1);
      chunks.push(Buffer.from(`${before}${start === 0 ? '' : ','}${slice}`));
      before = '';
      await setImmediate();
    }
    before += ']';
  }
  chunks.push(Buffer.from(`${before}]`));
  return chunks;
}
