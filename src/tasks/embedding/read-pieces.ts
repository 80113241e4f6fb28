import type { ReadToken, Tokenizer } from '../../tokenization/tokenizer.ts';
import type { AcceptedInput } from './accept-input.ts';
import type { EmbeddingFacts, Overlength, Piece, TokenizedInput } from './embedder.ts';

export interface ReadPiecesOptions {
  /** As the ids were made. */
  overlength: Overlength;
  model: Pick<EmbeddingFacts, 'maxInputTokens' | 'textRules'>;
  tokenizer: Tokenizer;
}

/**
 * What each token of a text stands for: one piece for each of `ids`. Of a text that was cut no more is read than what
 * is left, but for its start, which has to be read to know its end.
 */
export async function readPieces(
  { content, prompt }: Pick<AcceptedInput, 'content' | 'prompt'>,
  { ids, truncated }: TokenizedInput,
  { overlength, model, tokenizer }: ReadPiecesOptions,
): Promise<Piece[]> {
  const text = content as string;
  const { special } = tokenizer;
  const unit = 'code_points';
  const room = model.maxInputTokens - special.after;
  let read: ReadToken[];
  if (truncated && overlength === 'start') {
    // The prompt stays, as it is by itself.
    const before = (await tokenizer.read(prompt, { specialTokens: true, unit })).slice(0, -special.after || undefined);
    const atMost = { count: room - before.length, cutOff: 'start' as const };
    const rest = await tokenizer.read(text, { specialTokens: true, unit, atMost });
    read = [...before, ...rest.slice(special.before)];
  } else {
    const atMost = { count: room - special.before, cutOff: 'end' as const };
    read = await tokenizer.read(text, { specialTokens: true, unit, ...(truncated ? { atMost } : {}) });
  }
  const leftOut = model.textRules?.leftOut ?? null;
  if (overlength !== 'keep' && leftOut !== null) read = read.filter(({ id }) => id !== leftOut);
  if (read.length !== ids.length || read.some(({ id }, i) => id !== ids[i])) {
    throw new Error('the pieces of a text are not its tokens');
  }
  const promptEnd = [...prompt].length;
  return read.map((token) => ({ ...token, prompt: token.start !== null && token.start < promptEnd }));
}
