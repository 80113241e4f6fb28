import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { byteLevelProcessing, Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { messageOf, StartError } from '../errors.ts';
import type { ModelManifest } from '../model-files/manifest.ts';
import { coalesceCalls, type JobOptions } from './coalesce-calls.ts';
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

/** Words of a vocabulary that are tried where a letter has no token. */
const PROBED_WORDS = 256;

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

  const { special, marks: around } = await findSpecialTokens(native);
  await leaveOutTemplate(native);
  const encodeBare = (texts: readonly string[]) => native.encodeBatch([...texts], { addSpecialTokens: false });
  const encodeWhole = coalesceCalls(async (texts) => {
    const encodings = await encodeBare(texts);
    return inOneBuffer(
      encodings.map((encoding) => encoding.getIds()),
      around,
    ).map((ids): Encoding => ({ ids }));
  });
  const encodeParts = coalesceCalls(async (pieces) => (await encodeBare(pieces)).map(nativePart));
  const encodePart =
    ({ isBulk }: JobOptions = {}) =>
    async (piece: string) =>
      (await encodeParts([piece], { isBulk }))[0] as ReturnType<typeof nativePart>;
  const padding = paddingToken === null ? undefined : (native.tokenToId(paddingToken) ?? undefined);
  const marks = { ...around, padding };
  if (needsEndToken && special.after === 0) {
    throw new StartError(
      'tokenizer.json appends no end token, which last-token pooling needs. It belongs to the base model; use the one of the embedding model.',
    );
  }

  const encodeLong = async (
    text: string,
    { enough, firstUnits, isBulk }: JobOptions & { enough: number; firstUnits: number },
  ): Promise<Encoding> => {
    const read: number[][] = [];
    const joined = () => inOneBuffer([read.flat()], marks)[0] as Int32Array;
    let count = special.before + special.after;
    for await (const { part, first, end, to } of readInParts(text, encodePart({ isBulk }), firstUnits)) {
      read.push(part.ids.slice(first, end));
      count += end - first;
      if (count > enough && to < text.length) return { ids: joined(), isCutShort: true };
    }
    return { ids: joined() };
  };

  return {
    special,
    marks,
    tokenize: async (texts, { enough = Number.POSITIVE_INFINITY, isBulk } = {}) => {
      const firstUnits = Math.min(USUAL_UNITS, Math.max(LEAST_UNITS, UNITS_PER_TOKEN * enough));
      const isLong = (text: string) => text.length > firstUnits;
      const whole = encodeWhole(
        texts.filter((text) => !isLong(text)),
        { isBulk },
      );
      const long = Promise.all(texts.filter(isLong).map((text) => encodeLong(text, { enough, firstUnits, isBulk })));
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
      for await (const segment of readInParts(text, encodePart(), DESCRIBED_UNITS)) {
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

/** Finds the tokens that the post-processor puts around a text. */
async function findSpecialTokens(native: HuggingFaceTokenizer): Promise<{ special: SpecialTokens; marks: Marks }> {
  const found = (before: number[], after: number[]) => {
    return { special: { before: before.length, after: after.length }, marks: { before, after } };
  };
  // A vocabulary may have no token for a letter: then for a word of its own.
  for (let id = -1; id < PROBED_WORDS; id++) {
    const encoding = await native.encode(id < 0 ? 'a' : (native.idToToken(id) ?? ''));
    const [ids, isSpecial] = [encoding.getIds(), encoding.getSpecialTokensMask()];
    const first = isSpecial.indexOf(0);
    if (first >= 0) return found(ids.slice(0, first), ids.slice(isSpecial.lastIndexOf(0) + 1));
  }
  return found([], (await native.encode('')).getIds());
}

/**
 * Takes away a post-processor that only puts tokens around a text: they are known, and to put them there it copies all
 * others. One that also changes where tokens begin, without the space before a word, stays.
 */
async function leaveOutTemplate(native: HuggingFaceTokenizer): Promise<void> {
  const own = native.getPostProcessor();
  if (own === null) return;
  const places = async () => (await native.encode(' a  a ', null, { addSpecialTokens: false })).getOffsets();
  const before = await places();
  native.setPostProcessor(byteLevelProcessing(false));
  if (!isDeepStrictEqual(await places(), before)) native.setPostProcessor(own);
}

/** Lists of ids between their marks, one view each: V8 takes longer over a buffer for each text than over its ids. */
function inOneBuffer(lists: readonly number[][], { before, after }: Marks): Int32Array[] {
  const around = before.length + after.length;
  const all = new Int32Array(lists.reduce((sum, { length }) => sum + length + around, 0));
  let end = 0;
  return lists.map((list) => {
    const start = end;
    for (const id of before) all[end++] = id;
    all.set(list, end);
    end += list.length;
    for (const id of after) all[end++] = id;
    return all.subarray(start, end);
  });
}
