import { StartError } from '../errors.ts';
import type { TruncationSide } from './truncate.ts';

/** A text as the model reads it. */
export interface Encoding {
  /** Token ids, special tokens included, not truncated. */
  ids: Int32Array;
  /** Set where the text was read only as far as was asked for: it has more tokens than these. */
  isCutShort?: boolean;
}

export interface TokenizeOptions {
  /**
   * A text with more tokens may be read only so far that it has more than these: its ids then begin and end as those of
   * the whole text do. Default: every text is read to its end.
   */
  enough?: number;
  /** Whether nobody waits for them: then they are not read among the texts of those who do. Default: no. */
  isBulk?: boolean | undefined;
}

/** How many special tokens the tokenizer's post-processor puts around a text. */
export interface SpecialTokens {
  before: number;
  after: number;
}

/** Those tokens themselves. Ids that were made for the model have them; those of another tokenizer usually do not. */
export interface Marks {
  before: readonly number[];
  after: readonly number[];
  /** The token that batches of texts are padded with; left out: not known. */
  padding?: number | undefined;
}

/** A token as people read it. */
export interface ReadToken {
  id: number;
  /** The part of the text that it stands for; of a special token, its name. */
  text: string;
  special: boolean;
  /** How much of the text is before it, and to its end; null for special tokens, which are not in the text. */
  start: number | null;
  stop: number | null;
}

/** What places in a text count: bytes of UTF-8, or code points, as Python and transformers do. */
export type PlaceUnit = 'bytes' | 'code_points';

export interface ReadOptions {
  /** Whether the tokens around the text are read, too. */
  specialTokens: boolean;
  unit: PlaceUnit;
  /** Left out: all of the text's tokens are given. */
  atMost?: { count: number; cutOff: TruncationSide };
}

export interface Tokenizer {
  readonly special: SpecialTokens;
  /** If omitted: unknown, and not required of token ids. */
  readonly marks?: Marks;
  /** One encoding a text, same order. Off the event loop; of texts of any length. */
  tokenize(texts: readonly string[], options?: TokenizeOptions): Promise<Encoding[]>;
  /** The tokens of one text; of a byte-level vocabulary several may stand for one character. */
  read(text: string, options: ReadOptions): Promise<ReadToken[]>;
  /** One text a list of known ids, same order. */
  decode(lists: readonly number[][], options: { specialTokens: boolean }): Promise<string[]>;
}

/**
 * Proves that texts become the token ids that the reference makes of them: the canary's part outside the engine.
 * @throws {StartError} when one does not.
 */
export async function checkTokenizer(
  tokenizer: Tokenizer,
  cases: readonly { text: string; ids: readonly number[] }[],
): Promise<void> {
  const encodings = await tokenizer.tokenize(cases.map(({ text }) => text));
  const wrong = cases.findIndex(({ ids }, i) => ids.join() !== encodings[i]?.ids.join());
  if (wrong >= 0) {
    throw new StartError(
      `tokenizer.json gives token ids that differ from the reference for the model's canary text ${wrong + 1}. Copy or download the model again.`,
    );
  }
}
