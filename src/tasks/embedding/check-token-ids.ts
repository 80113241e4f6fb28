import { HotvecError } from '../../errors.ts';
import type { Marks } from '../../tokenization/tokenizer.ts';
import { tooLong } from './accept-input.ts';
import type { EmbeddingFacts, Overlength } from './embedder.ts';

/** Ids of a list that is too long anyway, up to which a wrong one among them is named. */
const MOST_LOOKED_AT = 300_000;
/** What clients of another tokenizer have to be told. */
const SEND_TEXTS = "make it send texts: in LangChain's OpenAIEmbeddings set check_embedding_ctx_length=False";

/**
 * Token ids that a client made itself: they go to the model as they are.
 * @param marks tokens that ids of this model's tokenizer begin and end with; undefined: it is not asked.
 * @throws {HotvecError} invalid_token_id, input_too_long.
 */
export function checkTokenIds(
  input: ArrayLike<number>,
  name: string,
  { vocabularySize, maxInputTokens }: EmbeddingFacts,
  overlength: Overlength,
  marks: Marks | undefined,
): Int32Array {
  // Looking at millions of ids would hold the event loop.
  if (input.length > Math.max(maxInputTokens, MOST_LOOKED_AT) && overlength === 'error') {
    throw tooLong(`has ${input.length} tokens`, name, maxInputTokens);
  }
  const ids = new Int32Array(input.length);
  for (let i = 0; i < input.length; i++) {
    const id = input[i] as number;
    ids[i] = id;
    if (Number.isInteger(id) && id >= 0 && id < vocabularySize) continue;
    throw new HotvecError(
      'invalid_token_id',
      `Token id ${id} in ${name} is not in this model's vocabulary of ${vocabularySize}. If a client library made these ids with another tokenizer, ${SEND_TEXTS}.`,
      { param: name },
    );
  }
  if (marks === undefined) return ids;
  const foreign = whyForeign(ids, marks);
  const padded = whyPadded(ids, marks);
  if (foreign === undefined && padded === undefined) return ids;
  const remedy =
    foreign === undefined
      ? 'Send each array without padding: no mask can be sent along.'
      : `If a client library made these ids with another tokenizer, ${SEND_TEXTS}.`;
  throw new HotvecError(
    'invalid_token_id',
    `${name} ${foreign ?? padded}. ${remedy} If they are intended as they are, send "token_ids": "as_is" or the header x-token-ids: as_is.`,
    { param: name },
  );
}

/** Whether token ids begin and end as those of the model's tokenizer do. */
export function hasMarks(ids: ArrayLike<number>, { before, after }: Marks): boolean {
  const afterStart = ids.length - after.length;
  return (
    afterStart >= before.length &&
    before.every((id, i) => ids[i] === id) &&
    after.every((id, i) => ids[afterStart + i] === id)
  );
}

/** Ids of another tokenizer are most often in the vocabulary too, and mean other words. */
function whyForeign(ids: Int32Array, marks: Marks): string | undefined {
  const { before, after } = marks;
  if (before.length + after.length === 0) {
    return "is token ids, but this model's tokenizer puts no token around a text that would tell its ids from another tokenizer's";
  }
  if (hasMarks(ids, marks)) return undefined;
  const named = (tokens: readonly number[]) => `${tokens.length === 1 ? 'token' : 'tokens'} ${tokens.join(', ')}`;
  const wanted = [
    before.length > 0 && `begin with ${named(before)}`,
    after.length > 0 && `end with ${named(after)}`,
  ].filter((part) => part !== false);
  return `does not ${wanted.join(' and ')}, as the ids of this model's tokenizer do`;
}

/**
 * Lists of a batch that were filled up to one length, as tokenizers do for a model that also gets a mask: read as they are,
 * padding means something. Where there are marks between it and the end of a list, {@link whyForeign} has seen it.
 */
function whyPadded(ids: Int32Array, { before, after, padding }: Marks): string | undefined {
  const body = ids.subarray(before.length, ids.length - after.length);
  const isAtStart = before.length === 0 && body[0] === padding;
  const isAtEnd = (after.length === 0 || after.at(-1) === padding) && body.at(-1) === padding;
  if (padding === undefined || body.length === 0 || !(isAtStart || isAtEnd)) return undefined;
  return `has token ${padding} at its ${isAtStart ? 'start' : 'end'}, which is the padding token of this model's tokenizer`;
}

/**
 * Token ids that the model's tokenizer made of a text.
 * @throws {HotvecError} invalid_token_id: there are published files that do not quite fit together.
 */
export function checkTokenized(ids: Int32Array, name: string, { vocabularySize }: EmbeddingFacts): void {
  const unknown = ids.find((id) => id >= vocabularySize);
  if (unknown !== undefined) {
    throw new HotvecError(
      'invalid_token_id',
      `${name} has a token (id ${unknown}) that the tokenizer knows but the model, with a vocabulary of ${vocabularySize}, does not. Remove it from the text.`,
      { param: name },
    );
  }
}

/**
 * The ids that a model reads: without those of the token that it leaves out.
 * @throws {HotvecError} invalid_input where nothing is left, unless such texts have a vector.
 */
export function readIds(ids: Int32Array, name: string, { textRules, emptyTexts }: EmbeddingFacts): Int32Array {
  const leftOut = textRules?.leftOut ?? null;
  const read = leftOut === null || !ids.includes(leftOut) ? ids : ids.filter((id) => id !== leftOut);
  if (read.length > 0 || emptyTexts === 'zeros') return read;
  const why = ids.length > 0 ? 'no tokens that this model knows' : "no tokens: this model's tokenizer drops all of it";
  throw new HotvecError('invalid_input', `${name} has ${why}.`, { param: name });
}
