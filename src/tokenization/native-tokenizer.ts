import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { messageOf, StartError } from '../errors.ts';
import { coalesceCalls } from './coalesce-calls.ts';
import { readTokens } from './read-tokens.ts';
import type { SpecialTokens, Tokenizer } from './tokenizer.ts';

export interface TokenizerOptions {
  /** Whether the tokenizer must put a token after a text: one that last-token pooling reads. */
  needsEndToken: boolean;
  /** Whether texts are put into lower case first, as `do_lower_case` of sentence-transformers asks. */
  lowercase: boolean;
  /** Rows of the model's embedding table: no id may lie beyond. */
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
  options: TokenizerOptions = { needsEndToken: true, lowercase: false },
): Promise<Tokenizer> {
  const { needsEndToken, lowercase } = options;
  let native: HuggingFaceTokenizer;
  try {
    native = HuggingFaceTokenizer.fromFile(file);
  } catch (error) {
    throw new StartError(`tokenizer.json cannot be loaded (${messageOf(error)}). Copy or download the model again.`);
  }
  checkFit(native, options);
  // Files saved after training carry the trainer's settings; limits are ours to enforce, openly, and we never pad.
  native.disableTruncation();
  native.disablePadding();

  const encodeBatch = async (texts: readonly string[]) => {
    const encodings = await native.encodeBatch(lowercase ? texts.map((text) => text.toLowerCase()) : [...texts]);
    return encodings.map((encoding) => ({ ids: Int32Array.from(encoding.getIds()) }));
  };
  const special = await findSpecialTokens(native);
  if (needsEndToken && special.after === 0) {
    throw new StartError(
      'tokenizer.json appends no end token, which last-token pooling reads. It belongs to the base model; use the file of the embedding model (Qwen3-Embedding appends <|endoftext|>).',
    );
  }
  return {
    special,
    tokenize: coalesceCalls(encodeBatch),
    read: async (text, { specialTokens: addSpecialTokens }) => {
      const encoding = await native.encode(lowercase ? text.toLowerCase() : text, null, { addSpecialTokens });
      return readTokens(encoding, text, lowercase);
    },
    decode: (lists, { specialTokens }) => native.decodeBatch([...lists], !specialTokens),
  };
}

/** Another model's tokenizer gives ids that mean other words, without a complaint from anyone. */
function checkFit(native: HuggingFaceTokenizer, { vocabularySize, namedTokens = [] }: TokenizerOptions): void {
  const fail = (why: string) =>
    new StartError(`tokenizer.json does not belong to this model: ${why}. Copy or download the model again.`);
  // Without added tokens: of those, published files sometimes have a few that the model never learned.
  const size = native.getVocabSize(false);
  if (vocabularySize !== undefined && size > vocabularySize) {
    throw fail(`it has ${size} tokens, and config.json says vocab_size ${vocabularySize}`);
  }
  const missing = namedTokens.find((token) => native.tokenToId(token) == null);
  if (missing !== undefined) throw fail(`it has no token ${missing}, which tokenizer_config.json names`);
}

/** Finds the post-processor's tokens by encoding a text with and without them. */
async function findSpecialTokens(native: HuggingFaceTokenizer): Promise<SpecialTokens> {
  const bare = (await native.encode('a', null, { addSpecialTokens: false })).getIds();
  const whole = (await native.encode('a')).getIds();
  const before = whole.findIndex((_, start) => bare.every((id, i) => whole[start + i] === id));
  return { before, after: whole.length - before - bare.length };
}
