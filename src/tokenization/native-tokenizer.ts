import { readFileSync } from 'node:fs';
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { messageOf, StartError } from '../errors.ts';
import type { ModelManifest } from '../model-files/manifest.ts';
import { coalesceCalls } from './coalesce-calls.ts';
import { settleDisputedWords } from './disputed-words.ts';
import { nativePart } from './native-part.ts';
import { readInParts, USUAL_UNITS } from './read-in-parts.ts';
import { countPlaces, readTokens } from './read-tokens.ts';
import { type HiddenTokens, readTextOnly } from './text-only.ts';
import type { Encoding, Marks, ReadToken, SpecialTokens, Tokenizer } from './tokenizer.ts';

/** UTF-16 units of a text that are read at first for each token that is enough, and the least of them. */
const UNITS_PER_TOKEN = 32;
const LEAST_UNITS = 4_096;
/** UTF-16 units that are read at a time where each token is described. */
const DESCRIBED_UNITS = 2 ** 14;

/** Fields that take the place of those of a tokenizer.json; of `model` only the options named. */
export interface TokenizerChanges {
  normalizer?: unknown;
  pre_tokenizer?: unknown;
  post_processor?: unknown;
  model?: object;
  added_tokens?: unknown;
}

/** What other files make of a tokenizer.json is null, or absent, where they say nothing. */
export interface TokenizerOptions
  extends Partial<Pick<ModelManifest['tokenizer'], 'changes' | 'disputed' | 'paddingToken'>> {
  /** Whether the tokenizer must put a token after a text: one that last-token pooling reads. */
  needsEndToken: boolean;
  /** Which of its tokens cannot come of a text; then nothing is put around a text either. Left out: all can. */
  textOnly?: HiddenTokens;
  /** Rows of the model's embedding table: no id may be beyond them. */
  vocabularySize?: number;
  /** Tokens that the model's other files speak of. */
  namedTokens?: readonly string[];
}

/**
 * Loads a `tokenizer.json` into Hugging Face's native tokenizer: the reference's own code, so the reference's own ids.
 * It works on native threads; texts of concurrent requests share calls.
 *
 * @throws {StartError} for a file that is damaged, that belongs to another model, or that appends no token where the
 * model pools the last one.
 */
export async function loadNativeTokenizer(
  file: string,
  options: TokenizerOptions = { needsEndToken: true },
): Promise<Tokenizer> {
  const { needsEndToken, disputed = null, paddingToken = null } = options;
  const native = openNative(file, options);
  if (disputed !== null) settleDisputedWords(disputed);

  const encodeWhole = coalesceCalls(async (texts) => {
    const encodings = await native.encodeBatch([...texts]);
    return inOneBuffer(encodings.map((encoding) => encoding.getIds())).map((ids): Encoding => ({ ids }));
  });
  const encodeParts = coalesceCalls(async (pieces) => {
    const encodings = await native.encodeBatch([...pieces], { addSpecialTokens: false });
    return encodings.map(nativePart);
  });
  const encodePart = async (piece: string) => (await encodeParts([piece]))[0] as ReturnType<typeof nativePart>;
  const { special, marks: around } = await findSpecialTokens(native);
  const padding = paddingToken === null ? undefined : (native.tokenToId(paddingToken) ?? undefined);
  const marks = { ...around, padding };
  if (needsEndToken && special.after === 0) {
    throw new StartError(
      'tokenizer.json appends no end token, which last-token pooling needs. It belongs to the base model; use the one of the embedding model.',
    );
  }

  const encodeLong = async (text: string, enough: number, firstUnits: number): Promise<Encoding> => {
    const read: number[][] = [];
    let count = special.before + special.after;
    for await (const { part, first, end, to } of readInParts(text, encodePart, firstUnits)) {
      read.push(part.ids.slice(first, end));
      count += end - first;
      if (count > enough && to < text.length) return { ids: joined(read, marks), isCutShort: true };
    }
    return { ids: joined(read, marks) };
  };

  return {
    special,
    marks,
    tokenize: async (texts, { enough = Number.POSITIVE_INFINITY } = {}) => {
      const wholeUnits = Math.min(USUAL_UNITS, Math.max(LEAST_UNITS, UNITS_PER_TOKEN * enough));
      const isLong = (text: string) => text.length > wholeUnits;
      const whole = encodeWhole(texts.filter((text) => !isLong(text)));
      const long = Promise.all(texts.filter(isLong).map((text) => encodeLong(text, enough, wholeUnits)));
      const [ofWhole, ofLong] = (await Promise.all([whole, long])).map((encodings) => encodings.values());
      return texts.map((text) => (isLong(text) ? ofLong : ofWhole)?.next().value as Encoding);
    },
    read: async (text, { specialTokens, unit, atMost }) => {
      const named = (id: number): ReadToken => {
        return { id, text: native.idToToken(id) ?? '', special: true, start: null, stop: null };
      };
      const { count: most, cutOff } = atMost ?? { count: Number.POSITIVE_INFINITY, cutOff: 'end' };
      let tokens: ReadToken[] = [];
      let placesBefore = 0;
      let unitsBefore = 0;
      for await (const segment of readInParts(text, encodePart, DESCRIBED_UNITS)) {
        const { from, to } = segment;
        placesBefore += countPlaces(text.slice(unitsBefore, from), unit);
        unitsBefore = from;
        for (const token of readTokens(segment, text.slice(from, to), placesBefore, unit)) tokens.push(token);
        if (tokens.length <= most) continue;
        tokens = cutOff === 'end' ? tokens.slice(0, most) : tokens.slice(tokens.length - most);
        if (cutOff === 'end') break;
      }
      return specialTokens ? [...marks.before.map(named), ...tokens, ...marks.after.map(named)] : tokens;
    },
    decode: (lists, { specialTokens }) => native.decodeBatch([...lists], !specialTokens),
  };
}

/**
 * The native tokenizer alone.
 * @throws {StartError} for a file that is damaged, or that belongs to another model.
 */
export function openNative(file: string, options: Omit<TokenizerOptions, 'needsEndToken'>): HuggingFaceTokenizer {
  const { changes = null, textOnly } = options;
  let native: HuggingFaceTokenizer;
  try {
    const isChanged = changes !== null || textOnly !== undefined;
    native = isChanged ? loadChanged(file, changes ?? {}, textOnly) : HuggingFaceTokenizer.fromFile(file);
  } catch (error) {
    throw new StartError(`tokenizer.json cannot be loaded (${messageOf(error)}). Copy or download the model again.`);
  }
  // What is renamed there was found in the whole one.
  if (textOnly === undefined) checkFit(native, options);
  // Files saved after training carry the trainer's settings; limits are ours to enforce, openly, and we never pad.
  native.disableTruncation();
  native.disablePadding();
  return native;
}

function loadChanged(file: string, changes: TokenizerChanges, textOnly?: HiddenTokens): HuggingFaceTokenizer {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  const changed = { ...json, ...changes, model: { ...json.model, ...changes.model } };
  return HuggingFaceTokenizer.fromString(
    JSON.stringify(textOnly === undefined ? changed : readTextOnly(changed, textOnly)),
  );
}

/** Another model's tokenizer gives ids that mean other words, without a complaint from anyone. */
function checkFit(
  native: HuggingFaceTokenizer,
  { vocabularySize, namedTokens = [] }: Pick<TokenizerOptions, 'vocabularySize' | 'namedTokens'>,
): void {
  const fail = (why: string) =>
    new StartError(`tokenizer.json does not belong to this model: ${why}. Copy or download the model again.`);
  // Without added tokens: of those, published files sometimes have a few that the model never learned.
  const size = native.getVocabSize(false);
  if (vocabularySize !== undefined && size > vocabularySize) {
    throw fail(`it has ${size} tokens, but the model has embeddings of ${vocabularySize}`);
  }
  const missing = namedTokens.find((token) => native.tokenToId(token) == null);
  if (missing !== undefined) throw fail(`it has no token ${missing}, which tokenizer_config.json names`);
}

/** Finds the post-processor's tokens by encoding a text with and without them. */
async function findSpecialTokens(native: HuggingFaceTokenizer): Promise<{ special: SpecialTokens; marks: Marks }> {
  const bare = (await native.encode('a', null, { addSpecialTokens: false })).getIds();
  const whole = (await native.encode('a')).getIds();
  // A vocabulary may drop the text; what is left is taken for what stands after it.
  const before = Math.max(
    0,
    whole.findIndex((_, start) => bare.every((id, i) => whole[start + i] === id)),
  );
  const bodyEnd = before + bare.length;
  return {
    special: { before, after: whole.length - bodyEnd },
    marks: { before: whole.slice(0, before), after: whole.slice(bodyEnd) },
  };
}

/** Lists of ids, one view each: V8 takes longer over a buffer for each text than over its ids. */
function inOneBuffer(lists: readonly number[][]): Int32Array[] {
  const all = new Int32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  return lists.map((list) => {
    all.set(list, end);
    end += list.length;
    return all.subarray(end - list.length, end);
  });
}

function joined(lists: readonly number[][], { before, after }: Marks): Int32Array {
  const all = [before, ...lists, after];
  const ids = new Int32Array(all.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const list of all) {
    ids.set(list, end);
    end += list.length;
  }
  return ids;
}
