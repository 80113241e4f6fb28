import { HotvecError } from '../errors.ts';
import { tooLong } from './accept-input.ts';
import type { ModelFacts, Overlength } from './embedder.ts';

/**
 * Token ids that a client made itself: they go to the model as they are.
 * @throws {HotvecError} invalid_token_id, input_too_long.
 */
export function checkTokenIds(
  input: ArrayLike<number>,
  name: string,
  { vocabularySize, maxInputTokens, maxRequestTokens }: ModelFacts,
  overlength: Overlength,
): Int32Array {
  // Looking at millions of ids would hold the event loop, and no request can have them.
  if (input.length > maxRequestTokens && overlength === 'error') {
    throw tooLong(`has ${input.length} tokens`, name, maxInputTokens);
  }
  const ids = new Int32Array(input.length);
  for (let i = 0; i < input.length; i++) {
    const id = input[i] as number;
    ids[i] = id;
    if (Number.isInteger(id) && id >= 0 && id < vocabularySize) continue;
    throw new HotvecError(
      'invalid_token_id',
      `Token id ${id} in ${name} is not in this model's vocabulary of ${vocabularySize}. If a client library made these ids with another tokenizer, make it send texts: in LangChain's OpenAIEmbeddings set check_embedding_ctx_length=False.`,
      { param: name },
    );
  }
  return ids;
}

/**
 * Token ids that the model's tokenizer made of a text.
 * @throws {HotvecError} invalid_token_id, invalid_input: there are published files that do not quite fit together.
 */
export function checkTokenized(ids: Int32Array, name: string, { vocabularySize }: ModelFacts): void {
  const unknown = ids.find((id) => id >= vocabularySize);
  if (unknown !== undefined) {
    throw new HotvecError(
      'invalid_token_id',
      `${name} has a token (id ${unknown}) that the tokenizer knows and the model, with ${vocabularySize}, does not. Remove it from the text.`,
      { param: name },
    );
  }
  if (ids.length === 0) {
    throw new HotvecError('invalid_input', `${name} has no tokens: this model's tokenizer drops all of it.`, {
      param: name,
    });
  }
}
