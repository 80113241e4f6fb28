import type { Canary, CanaryScores, ScoreCanary } from './canary.ts';
import type { TokenizerDescription } from './folder/tokenizer/describe-tokenizer.ts';

export type { Canary, CanaryScores, ScoreCanary };

/**
 * Precisions an engine computes in. `fp32`, `bf16`, `fp16` and `int8` are made of safetensors; an ONNX export has whichever
 * its repository offers, under the names that transformers.js gives them, and those that the export functions of
 * sentence-transformers do: `O1` to `O4` are levels of optimization, the others kinds of processor.
 */
export const DTYPES = [
  'fp32',
  'bf16',
  'fp16',
  'q8',
  'int8',
  'uint8',
  'q4',
  'q4f16',
  'bnb4',
  'O1',
  'O2',
  'O3',
  'O4',
  'optimized',
  'qint8_avx512_vnni',
  'qint8_avx512',
  'quint8_avx2',
  'qint8_arm64',
  'qint8_quantized',
  'quint8_quantized',
] as const;
export type Dtype = (typeof DTYPES)[number];
/** Those that hotvec computes safetensors in, on one device or another. */
export const SAFETENSORS_DTYPES: readonly Dtype[] = ['fp32', 'bf16', 'fp16', 'int8'];

/** What the weights of a model are in: as published, for a graph of hotvec's own, or a graph that someone exported. */
export const WEIGHT_KINDS = ['safetensors', 'onnx'] as const;
export type WeightKind = (typeof WEIGHT_KINDS)[number];

/** Which weights are asked for, where a model has several. */
export interface WeightChoice {
  weights: WeightKind | 'auto';
  dtype: Dtype | 'auto';
}

/** Weights of the other kind that a model has, too, and that are not computed. */
export interface LeftAside {
  kind: WeightKind;
  /** Why they cannot be, in whole sentences; null: they could. */
  reason: string | null;
  /** The precisions that they could be computed in. */
  dtypes: readonly Dtype[];
}

/**
 * How the hidden states of a sequence become one row. `in_graph`: the ONNX graph does it and gives `sentence_embedding`.
 */
export type Pooling = 'last_token' | 'cls' | 'mean' | 'max' | 'mean_sqrt_len' | 'weighted_mean' | 'in_graph';

/** What a model computes, in floating-point operations. Multiply–add counts as two. */
export interface BatchCost {
  /** Of every matrix product, for one token row. */
  perRow: number;
  /** Of attention, for one padded slot and one position it attends over; masked ones are computed too. */
  perSlotAndPosition: number;
}

/** What a model answers: a vector of a text, or a score of a query and a document. */
export const TASK_NAMES = ['embed', 'rerank'] as const;
export type TaskName = (typeof TASK_NAMES)[number];

/** What a request puts into a template. */
export type Slot = 'instruction' | 'query' | 'document';

/** Words of a template, or what takes a text of the request, with or without the white space around it. */
export type Words = string | { slot: Slot; trim?: true };

/**
 * A piece of the sequence that a pair becomes: a token by its name, or words, with what the request puts among them. Words
 * are read as text, whatever they look like.
 */
export type TemplatePart = { token: string } | { words: readonly Words[] };

/** The sequence that a reranker reads. */
export interface PairTemplate {
  /** Where it is from, for operators. */
  source: string;
  /** Of a request without an instruction; null: the tokenizer's own form for two texts. */
  parts: readonly TemplatePart[] | null;
  /** Of a request with one; null: the model takes none. */
  instructedParts: readonly TemplatePart[] | null;
  /** What is asked where a request has no instruction, if that is known. */
  defaultInstruction: string | null;
}

/** How a reranker comes to its scores. Its row is one number. */
export interface Scoring {
  template: PairTemplate;
  /** What becomes of that number. */
  activation: 'sigmoid' | 'identity';
}

/** How texts are read by tools that have rules of their own, besides their tokenizer.json. */
export interface TextRules {
  /** Whose rules they are, for operators. */
  source: string;
  /** Id of the token that is left out of texts, once they are cut; null: none is. */
  leftOut: number | null;
  /** Characters (code points) that are read of a text which may be cut at its end; null: all. */
  maxCharacters: number | null;
}

/** All that hotvec knows of a model: plain data, made once at start-up, sent to the engine process as it is. */
export interface ModelManifest<Weights = unknown> {
  /** The name it was asked for by: `starter`, the folder's name, or the hub id. */
  name: string;
  /** Absolute path of the model folder. */
  folder: string;
  /** The commit of a hub repository; null for a local folder. */
  revision: string | null;
  /** Name of the format that described it, and computes it. */
  format: string;
  /** Where its weights are and how they are computed: of the format alone (formats/model-format.ts). */
  weights: Weights;
  leftAside: LeftAside | null;
  /** What it is used for. */
  task: TaskName;
  /** How it scores a query and a document; null of a model that embeds. */
  scoring: Scoring | null;
  cost: BatchCost;
  tokenizerFile: string;
  /** Tokens that tokenizer_config.json says texts begin and end with: the tokenizer must know them. */
  namedTokens: string[];
  /** What the tokenizer's class makes of its file. */
  tokenizer: TokenizerDescription;
  /** null: texts are read as transformers reads them. */
  textRules: TextRules | null;
  /** Components of a row: the model's hidden size, or what its last Dense module makes of it; 1 of a reranker. */
  hiddenSize: number;
  /** Longest sequence the weights support, special tokens included. */
  maxTokens: number;
  vocabularySize: number;
  pooling: Pooling;
  /** Whether vectors are L2-normalized unless the request says otherwise. */
  normalize: boolean;
  /**
   * Components left of every vector after everything the model does, including normalization (`truncate_dim`); null if
   * all are, or if it is not less than hiddenSize.
   */
  truncateDimension: number | null;
  /** Prompt name to the text put before an input, from config_sentence_transformers.json. */
  prompts: Record<string, string>;
  /** What is put before a text that asks for no prompt (`default_prompt_name`); '' in most models. */
  defaultPrompt: string;
  /** Whether a client may put a task of its own before a query, as the model was trained. */
  takesInstructions: boolean;
  /** Smallest `dimensions` a Matryoshka model serves; null where only the native size is valid. */
  matryoshkaMinimum: number | null;
  /** The sizes that it names as trained for, smallest first; empty where it names none. */
  matryoshkaDimensions: readonly number[];
  /** Whether hidden states of single tokens can be had, in the space of its vectors. */
  givesTokenVectors: boolean;
  /** What the engine's check of itself has to know of the graph. */
  selfCheck: {
    /** The id that short sequences are filled up with, of which exports make a mask; null: there is none. */
    paddingToken: number | null;
    /** Whether a row of zeros comes out as NaN: the graph itself normalizes. */
    dividesByNorm: boolean;
    /** Precisions, besides those of float32, in which neighbors must show as little as in float32. */
    exactDtypes: readonly Dtype[];
    /** Ids that stand between two texts, of which it learns where the second begins; absent or empty: it does not. */
    betweenTexts?: readonly number[];
  };
  canary: Canary | null;
  /** Of a reranker. */
  scoreCanary: ScoreCanary | null;
}
