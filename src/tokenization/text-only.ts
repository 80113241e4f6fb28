import { randomUUID } from 'node:crypto';

interface AddedToken {
  content: string;
  special?: boolean;
}

/** A parsed tokenizer.json, as far as it is changed here. */
interface TokenizerFile {
  added_tokens?: AddedToken[];
  model?: {
    type?: string;
    vocab?: Record<string, number> | [string, number][];
    unk_token?: string | null;
    ignore_merges?: boolean;
    merges?: (string | [string, string])[];
  };
}

/**
 * Which added tokens cannot come of a text: those called special, or all. Language models have others that steer them, too
 * (`<think>`); of encoders the others are words, or runs of spaces.
 */
export type HiddenTokens = 'special' | 'all';

/**
 * Makes a tokenizer read any text as text, whatever a user writes. The names of the hidden tokens are replaced by ones that
 * nobody can know; the ids of all others stay.
 *
 * @param json a parsed tokenizer.json; not changed.
 */
export function readTextOnly<Json extends TokenizerFile>(json: Json, which: HiddenTokens): Json {
  const { added_tokens: added = [], model = {} } = json;
  const hidden = new Set<string>();
  for (const { content, special } of added) if (which === 'all' || special === true) hidden.add(content);
  const nameless = randomUUID();
  const names = new Map([...hidden].map((token, i) => [token, `${nameless}-${i}`]));
  const isInVocabulary = vocabularyTest(model);
  // Ids of those that the vocabulary lacks follow from their order: they are renamed. The others would get new ids.
  const left = added.filter(({ content }) => !hidden.has(content) || !isInVocabulary(content));
  return {
    ...json,
    added_tokens: left.map((token) => ({ ...token, content: names.get(token.content) ?? token.content })),
    model: { ...model, ...withoutNames(model, names) },
    // What puts special tokens around a text.
    post_processor: null,
  };
}

function vocabularyTest({ vocab = {} }: NonNullable<TokenizerFile['model']>): (token: string) => boolean {
  if (!Array.isArray(vocab)) return (token) => Object.hasOwn(vocab, token);
  const pieces = new Set(vocab.map(([piece]) => piece));
  return (token) => pieces.has(token);
}

/** Models that look up whole words find a special token in their vocabulary, too; byte pairs may be merged into one. */
function withoutNames(
  { type, vocab = {}, unk_token: unknown, ignore_merges: looksUpWords, merges }: NonNullable<TokenizerFile['model']>,
  names: ReadonlyMap<string, string>,
): Pick<NonNullable<TokenizerFile['model']>, 'vocab' | 'merges'> {
  const made = (merge: string | [string, string]) =>
    typeof merge === 'string' ? merge.replace(' ', '') : merge.join('');
  const left = merges && { merges: merges.filter((merge) => !names.has(made(merge))) };
  if (type === 'BPE' && looksUpWords !== true) return { ...left };
  const nameOf = (piece: string) => (piece === unknown ? piece : (names.get(piece) ?? piece));
  if (Array.isArray(vocab)) return { vocab: vocab.map(([piece, score]) => [nameOf(piece), score]) };
  return { ...left, vocab: Object.fromEntries(Object.entries(vocab).map(([piece, id]) => [nameOf(piece), id])) };
}
