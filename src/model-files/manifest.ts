import type { Qwen3Config } from '../formats/qwen3/qwen3-config.ts';
import type { Canary, CanaryScores } from './canary.ts';
import type { TokenizerDescription } from './folder/tokenizer/describe-tokenizer.ts';

export type { Canary, CanaryScores };

/**
 * Precisions an engine computes in. `fp32`, `bf16`, `fp16` and `int8` are those of the packed path; an ONNX export has
 * whichever its repository offers, under the names that transformers.js gives them, and those that the export functions of
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

/**
 * How the hidden states of a sequence become one row. `in_graph`: the ONNX graph does it and gives `sentence_embedding`.
 */
export type Pooling = 'last_token' | 'cls' | 'mean' | 'max' | 'mean_sqrt_len' | 'in_graph';

/** Element types of safetensors that hotvec reads; models are published in the first three. */
export type StoredType = 'F32' | 'F16' | 'BF16' | 'I8';

/** One tensor's place in a safetensors file. */
export interface TensorLocation<Stored extends StoredType = 'F32' | 'F16' | 'BF16'> {
  /** Absolute path, symbolic links resolved. */
  file: string;
  dtype: Stored;
  shape: number[];
  /** Bytes from the start of `file`. */
  offset: number;
  byteLength: number;
}

/** The packed path: hotvec's own graph over published safetensors. */
export interface PackedWeights {
  kind: 'packed';
  architecture: Qwen3Config;
  /** Tensor name, without a `model.` prefix, to its place. */
  tensors: Record<string, TensorLocation>;
  /** Tensor name to what it was quantized to; only for an engine that computes in int8. */
  int8?: Record<string, Int8Matrix>;
}

/** A matrix of [rows, columns] with a scale for each row (model-files/int8/scheme.ts): value = integer × scale. */
export interface Int8Matrix {
  /** Transposed: [columns, rows]. */
  values: TensorLocation<'I8'>;
  /** [rows] */
  scales: TensorLocation<'F32'>;
}

/** An ONNX graph and what belongs to it. */
export interface OnnxExport {
  /** Absolute path of the .onnx file. */
  graphFile: string;
  /** Absolute paths of its external data files. */
  dataFiles: string[];
  /** Whether a sequence's row depends on the others of its batch, so that each must be computed alone. */
  isBatchDependent: boolean;
  /** Whether it gives `sentence_embedding`: pooling and everything after it are inside. */
  isPooled: boolean;
  /** Components of `sentence_embedding`, where the graph says it. */
  pooledSize: number | null;
}

/** What an encoder's config.json says of its size; for estimates of time only. */
export interface TransformerSize {
  hiddenSize: number;
  layerCount: number;
  intermediateSize: number;
}

/** The padded path: an ONNX graph somebody exported. */
export interface PaddedWeights {
  kind: 'padded';
  /** `model_type` of config.json. */
  modelType: string;
  size: TransformerSize;
  /** The exports in the folder, by precision. */
  exports: Partial<Record<Dtype, OnnxExport>>;
  /** Dense modules after pooling, in order; not for an export that is pooled. */
  dense: DenseLayer[];
  /** The id that fills a sequence up to the longest of its batch; masked, whatever it is. */
  padTokenId: number;
}

/** sentence_transformers.models.Dense: row ← activation(row · weightᵀ + bias). */
export interface DenseLayer {
  /** [outFeatures, inFeatures] */
  weight: TensorLocation;
  /** [outFeatures] */
  bias: TensorLocation | null;
  activation: 'identity' | 'tanh' | 'gelu' | 'relu' | 'sigmoid';
}

/** All that hotvec knows of a model: plain data, made once at start-up, sent to the engine process as it is. */
export interface ModelManifest {
  /** The name it was asked for by: `starter`, the folder's name, or the hub id. */
  name: string;
  /** Absolute path of the model folder. */
  folder: string;
  /** The commit of a hub repository; null for a local folder. */
  revision: string | null;
  weights: PackedWeights | PaddedWeights;
  tokenizerFile: string;
  /** Tokens that tokenizer_config.json says texts begin and end with: the tokenizer must know them. */
  namedTokens: string[];
  /** What the tokenizer's class makes of its file. */
  tokenizer: TokenizerDescription;
  /** Components of a row: the model's hidden size, or what its last Dense module makes of it. */
  hiddenSize: number;
  /** Longest sequence the weights support, special tokens included. */
  maxTokens: number;
  vocabularySize: number;
  pooling: Pooling;
  /** Whether vectors are L2-normalized unless the request says otherwise. */
  normalize: boolean;
  /**
   * Components that are left of every vector after all that the model does, its normalization included (`truncate_dim`);
   * null where all are, or where it is no less than hiddenSize.
   */
  truncateDimension: number | null;
  /** Prompt name to the text put before an input, from config_sentence_transformers.json. */
  prompts: Record<string, string>;
  /** What is put before a text that asks for no prompt (`default_prompt_name`); '' in most models. */
  defaultPrompt: string;
  /** Whether a client may put a task of its own before a query, in the template of the Qwen3-Embedding family. */
  takesInstructions: boolean;
  /** Smallest `dimensions` a Matryoshka model serves; null where only the native size is valid. */
  matryoshkaMinimum: number | null;
  /** The sizes that it names as trained for, smallest first; empty where it names none. */
  matryoshkaDimensions: readonly number[];
  canary: Canary | null;
}
