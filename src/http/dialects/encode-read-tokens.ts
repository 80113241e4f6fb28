import { setImmediate } from 'node:timers/promises';
import type { ReadToken } from '../../embedding/embedder.ts';

/** Tokens written between two yields: a millisecond or so. */
const TOKENS_PER_SLICE = 2_000;

/** Writes the tokens of each text as a list of lists. The event loop is let in between slices. */
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
