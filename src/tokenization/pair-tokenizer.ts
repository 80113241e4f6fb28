import type { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { StartError } from '../errors.ts';
import type { PairTemplate, TemplatePart, Words } from '../model-files/manifest.ts';
import { loadNativeTokenizer, openNative, type TokenizerOptions } from './native-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A piece of a sequence: token ids that are always the same, or words around the texts of a request. */
export type EncodedPart = { ids: Int32Array } | { words: readonly Words[] };

/** What makes a sequence of a query and a document. */
export interface PairTokenizer {
  /** Reads a text, without special tokens; whatever is in it, it is text. */
  readonly text: Pick<Tokenizer, 'tokenize'>;
  /** In order; of a request without an instruction. Exactly one has the document in it. */
  readonly parts: readonly EncodedPart[];
  /** Of a request with one; null: the model takes none. */
  readonly instructedParts: readonly EncodedPart[] | null;
  /** What is cut of a pair that is too long: the document, or, token by token, the longer of both texts. */
  readonly cuts: 'document' | 'longest_first';
}

/**
 * Loads what a reranker reads pairs with.
 * @throws {StartError} what `loadNativeTokenizer` throws; for a template whose tokens it does not have.
 */
export async function loadPairTokenizer(
  file: string,
  template: Pick<PairTemplate, 'parts' | 'instructedParts'>,
  options: Omit<TokenizerOptions, 'needsEndToken' | 'textOnly'>,
): Promise<PairTokenizer> {
  const { parts, instructedParts } = template;
  const whole = openNative(file, options);
  const textOnly = parts === null ? 'special' : 'all';
  const text = await loadNativeTokenizer(file, { ...options, needsEndToken: false, textOnly });
  if (parts === null) return { text, parts: await partsOfPair(whole), instructedParts: null, cuts: 'longest_first' };
  const encode = (list: readonly TemplatePart[]) => encodeParts(list, whole, text);
  return {
    text,
    parts: await encode(parts),
    instructedParts: instructedParts === null ? null : await encode(instructedParts),
    cuts: 'document',
  };
}

/** What never changes becomes ids here, once. */
async function encodeParts(
  parts: readonly TemplatePart[],
  whole: HuggingFaceTokenizer,
  text: Pick<Tokenizer, 'tokenize'>,
): Promise<EncodedPart[]> {
  const encoded: EncodedPart[] = [];
  for (const part of parts) {
    if ('token' in part) {
      const id = whole.tokenToId(part.token);
      if (id === null) throw new StartError(`tokenizer.json has no token ${part.token}, which the pair template has.`);
      encoded.push({ ids: Int32Array.of(id) });
      continue;
    }
    const [only, ...others] = part.words;
    if (typeof only !== 'string' || others.length > 0) {
      encoded.push(part);
      continue;
    }
    const [encoding] = await text.tokenize([only]);
    encoded.push({ ids: encoding?.ids ?? new Int32Array() });
  }
  return encoded;
}

/** The tokens that the post-processor puts before, between and after two texts. */
async function partsOfPair(whole: HuggingFaceTokenizer): Promise<EncodedPart[]> {
  const encoding = await whole.encode('a', 'a');
  const ids = encoding.getIds();
  const sequences = encoding.getSequenceIds();
  const special = encoding.getSpecialTokensMask();
  const isOf = (token: number, sequence: number) => special[token] === 0 && sequences[token] === sequence;
  const tokens = [...ids.keys()];
  const [first, second] = [0, 1].map((sequence) => tokens.filter((token) => isOf(token, sequence)));
  const [start, end] = [first?.[0], first?.at(-1)];
  const [nextStart, nextEnd] = [second?.[0], second?.at(-1)];
  if (start === undefined || end === undefined || nextStart === undefined || nextEnd === undefined || end > nextStart) {
    throw new StartError('tokenizer.json does not put a query before a document: its post-processor knows no pairs.');
  }
  const between = (from: number, to: number): EncodedPart => ({ ids: Int32Array.from(ids.slice(from, to)) });
  return [
    between(0, start),
    { words: [{ slot: 'query' }] },
    between(end + 1, nextStart),
    { words: [{ slot: 'document' }] },
    between(nextEnd + 1, ids.length),
  ];
}
