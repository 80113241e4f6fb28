import type { HotvecError } from '../../errors.ts';
import type { TextRules } from '../../model-files/manifest.ts';
import type { ReadToken } from '../../tokenization/tokenizer.ts';
import type { TruncationSide } from '../../tokenization/truncate.ts';
import type { OnError } from '../input-failures.ts';
import type { RunFacts, RunOptions, WorkPhase } from '../task-runner.ts';
import type { ModelFacts, TaskService } from '../task-service.ts';
import type { EmptyTexts } from './accept-input.ts';
import type { Normalization } from './finish-vector.ts';
import type { PromptChoice } from './prompt.ts';

/** Something to embed. `role` and `instruction` choose its prompt. */
export interface EmbedInput extends PromptChoice {
  /** A text, or the token ids of one, which go to the model as they are and can have no prompt. */
  content: string | ArrayLike<number>;
  /** What the request calls it, for error messages: `input[3]`. */
  name: string;
}

/** Whether token ids of a request must have the tokens that the model's tokenizer puts around a text. */
export type TokenIdsAre = 'checked' | 'as_is';

/** What becomes of inputs with more tokens than the model takes: refused, cut on a side, or left as they are. */
export type Overlength = 'error' | TruncationSide | 'keep';

/** An input as the model reads it. */
export interface TokenizedInput {
  /** Prompt and special tokens included. */
  ids: Int32Array;
  /** Whether it was cut short. */
  truncated: boolean;
}

/** A token as people read it, and whether it begins in the prompt. */
export interface Piece extends ReadToken {
  prompt: boolean;
}

/** An input as the model reads it, and as people do. */
export interface DescribedInput extends TokenizedInput {
  /** What was put before the text; empty: nothing. */
  prompt: string;
  /** One for each of `ids`, same order; places count code points of prompt and text. */
  pieces: readonly Piece[];
}

export interface EmbedOptions extends RunOptions {
  /** Components of a vector; null: all. */
  dimensions: number | null;
  /** What the client calls `dimensions`, for errors; left out: just that. */
  dimensionsName?: string;
  /** Whether any number of them is given, up to all, also by a model that was not trained for it; left out: no. */
  anyDimensions?: boolean;
  /** null: as the model was trained to be used. */
  normalize: boolean | null;
  truncate: 'error' | TruncationSide;
  /** Longest input in tokens, where that is below the model's limit; left out: the model's limit. */
  maxInputTokens?: number | undefined;
  /** Most tokens of all inputs; left out: as the operator chose. */
  maxRequestTokens?: number | undefined;
  /** Default: `checked`. */
  tokenIds?: TokenIdsAre | undefined;
  /**
   * With `partial` an input that cannot be embedded fails alone: one that is empty, too long, not Unicode, of unknown
   * token ids, or that the model gives no usable vector for. Default: `fail`.
   */
  onError?: OnError | undefined;
  /**
   * Whether the vectors of an input's tokens before pooling are requested, including special tokens and prompt, not
   * normalized: instead of each vector a matrix, row-major [tokens, `model.rowSize`]. `dimensions`, `normalize` and
   * `onError` say nothing then. Only of a model that `givesTokenVectors`. Default: no.
   */
  perToken?: boolean | undefined;
}

export interface EmbedResult {
  /** One vector an input, same order, `dimensions` components. With `onError: 'partial'` of those that did not fail. */
  vectors: readonly Float32Array[];
  /** Tokens of each of these as computed: special tokens and prompt in, padding and what the model leaves out not. */
  tokens: readonly number[];
  /** Whether each of these was cut short. */
  truncated: readonly boolean[];
  /** Why the others have no vector, by their place among the inputs. Empty but for `onError: 'partial'`. */
  failures: ReadonlyMap<number, HotvecError>;
  facts: RunFacts;
}

export type { ReadToken, RunFacts, WorkPhase };

export type Metric = 'cosine' | 'dot' | 'euclidean' | 'manhattan';

/** What the service tells about an embedding model that it serves. */
export interface EmbeddingFacts extends ModelFacts {
  /** Components of a vector whose request asks for no other number: all of a row, or what `truncate_dim` leaves of it. */
  dimensions: number;
  /** Valid `dimensions`: from this to the model's; null: the model's only. */
  matryoshkaMinimum: number | null;
  /** The sizes that the model names as trained for, smallest first; empty where it names none. */
  matryoshkaDimensions: readonly number[];
  pooling: string;
  /** null: texts are read as transformers reads them. */
  textRules: TextRules | null;
  /** What becomes of a text that the model reads nothing of, as the operator chose. */
  emptyTexts: EmptyTexts;
  /** What becomes of a vector whose request does not say it. */
  normalization: Normalization;
  prompts: Readonly<Record<string, string>>;
  /** Put before a text whose request asks for no prompt. */
  defaultPrompt: string;
  /** Whether `instruction` means something to the model. */
  takesInstructions: boolean;
  /**
   * Whether it can return vectors of single tokens: its graph returns hidden states, and only pooling comes after them.
   */
  givesTokenVectors: boolean;
}

export interface Embedder extends TaskService {
  readonly model: EmbeddingFacts;
  /**
   * prompt → tokenize → admit → batch → slice → normalize.
   * @throws {HotvecError} before any compute for bad input (input_too_long, too_many_tokens, invalid_token_id,
   * invalid_dimensions, invalid_input), and too_many_tokens for more than MAX_TOKEN_NUMBERS numbers of single tokens; what
   * the batcher throws; non_finite_output. With `onError: 'partial'` what concerns the whole request.
   */
  embed(inputs: readonly EmbedInput[], options: EmbedOptions): Promise<EmbedResult>;
  /**
   * What `embed` would give the model, same order. Needs no engine.
   * @throws {HotvecError} as `embed`, for what is found before anything is computed.
   */
  tokenize(inputs: readonly EmbedInput[], overlength: Overlength): Promise<TokenizedInput[]>;
  /**
   * The same with what each token stands for.
   * @throws {HotvecError} as `tokenize`; too_many_tokens for more than can be listed.
   */
  describeTokens(inputs: readonly EmbedInput[], overlength: Overlength): Promise<DescribedInput[]>;
  /**
   * The tokens of each text, prompt included, as people read them; places count bytes; over-long ones whole.
   * @throws {HotvecError} as `tokenize`.
   */
  readTokens(inputs: readonly EmbedInput[], options: { specialTokens: boolean }): Promise<ReadToken[][]>;
  /**
   * The text of each list of token ids.
   * @throws {HotvecError} invalid_token_id, too_many_tokens.
   */
  decode(inputs: readonly EmbedInput[], options: { specialTokens: boolean }): Promise<string[]>;
  /** Scores of every pair: row-major [queries, documents]. Yields to the event loop between rows. */
  compare(queries: readonly Float32Array[], documents: readonly Float32Array[], metric: Metric): Promise<Float32Array>;
}
