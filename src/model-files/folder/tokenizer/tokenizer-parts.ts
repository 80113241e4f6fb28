import type { Json } from '../read-json.ts';

/** A token that is matched before the text is split, as `added_tokens` of tokenizer.json has it; ids follow from the order. */
export interface AddedToken {
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

/** What decides the ids of a text besides the vocabulary; names and forms as in tokenizer.json. */
export interface TokenizerParts {
  normalizer: Json | null;
  pre_tokenizer: Json | null;
  post_processor: Json | null;
  /** Fields of the model but its vocabulary and merges; `type` is always there. */
  model: Json;
  added_tokens: AddedToken[];
}

/** A parsed tokenizer.json. */
export interface TokenizerJson {
  parts: TokenizerParts;
  /** The id of a token of the vocabulary, added tokens left out. */
  idOf: (token: string) => number | undefined;
  vocabularySize: number;
  /** The token of its section `padding`; undefined: it has none. */
  paddingToken: unknown;
}

/** Reads the parts from a parsed tokenizer.json of any age: old ones omit `model.type`. */
export function tokenizerPartsOf(json: Json): TokenizerJson {
  const { vocab, merges, ...options } = (json.model ?? {}) as Json;
  const type = options.type ?? guessType(vocab, merges, options);
  const list = Array.isArray(vocab) ? (vocab as [string, number][]) : undefined;
  let ids: Map<string, number> | undefined;
  const idOf = (token: string) => {
    if (list === undefined) return ((vocab ?? {}) as Record<string, number>)[token];
    ids ??= new Map(list.map(([piece], id) => [piece, id]));
    return ids.get(token);
  };
  const added = (json.added_tokens ?? []) as Json[];
  return {
    parts: {
      normalizer: (json.normalizer ?? null) as Json | null,
      pre_tokenizer: (json.pre_tokenizer ?? null) as Json | null,
      post_processor: (json.post_processor ?? null) as Json | null,
      model: { ...options, type },
      added_tokens: added.map(toAddedToken),
    },
    idOf,
    vocabularySize: list?.length ?? Object.keys((vocab ?? {}) as Json).length,
    paddingToken: (json.padding as Json | null | undefined)?.pad_token,
  };
}

/** Every token that a tokenizer.json knows, once, in no order. */
export function tokensOf({ parts }: TokenizerJson, json: Json): string[] {
  const { vocab = {} } = (json.model ?? {}) as { vocab?: [string, number][] | Record<string, number> };
  const pieces = Array.isArray(vocab) ? vocab.map(([piece]) => piece) : Object.keys(vocab);
  return [...new Set([...pieces, ...parts.added_tokens.map(({ content }) => content)])];
}

/** A token as any file of a folder writes it; what is left out has the default of the tokenizers library. */
export function toAddedToken(token: Json | string): AddedToken {
  const fields: Json = typeof token === 'string' ? { content: token, special: true } : token;
  const special = fields.special === true;
  return {
    content: String(fields.content),
    single_word: fields.single_word === true,
    lstrip: fields.lstrip === true,
    rstrip: fields.rstrip === true,
    normalized: typeof fields.normalized === 'boolean' ? fields.normalized : !special,
    special,
  };
}

function guessType(vocab: unknown, merges: unknown, options: Json): string {
  if (merges !== undefined) return 'BPE';
  if (Array.isArray(vocab)) return 'Unigram';
  return 'continuing_subword_prefix' in options ? 'WordPiece' : 'WordLevel';
}

/** Token → id of all that a tokenizer knows: an added token that the vocabulary lacks gets the next free id. */
export function idsOfAddedTokens({ idOf, vocabularySize }: TokenizerJson, tokens: readonly AddedToken[]): number[] {
  let next = vocabularySize;
  const seen = new Map<string, number>();
  return tokens.map(({ content }) => {
    const id = seen.get(content) ?? idOf(content) ?? next;
    // As the library does: one above the largest id, were it of a token that the vocabulary has.
    next = Math.max(next, id + 1);
    seen.set(content, id);
    return id;
  });
}

/** How to find the id of a token, be it of the vocabulary or one of those added to it. */
export function idsOfTokens(json: TokenizerJson, added: readonly AddedToken[]): (token: string) => number | undefined {
  const ids = idsOfAddedTokens(json, added);
  return (token) => json.idOf(token) ?? ids[added.findIndex(({ content }) => content === token)];
}
