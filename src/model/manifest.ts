import type { Qwen3Config } from './qwen3-config.ts';

/** One tensor's place in a safetensors file. */
export interface TensorLocation {
  /** Absolute path, symbolic links resolved. */
  file: string;
  dtype: 'F32' | 'F16' | 'BF16';
  shape: number[];
  /** Bytes from the start of `file`. */
  offset: number;
  byteLength: number;
}

/** Texts whose vectors are known from the reference implementation; the engine must reproduce them before it serves. */
export interface Canary {
  /** What computed the vectors. */
  reference: string;
  /** Largest difference allowed in any component. */
  tolerance: number;
  cases: {
    text: string;
    /** Token ids of `text`, special tokens included. */
    ids: number[];
    /** hiddenSize components, L2-normalized. */
    vector: number[];
  }[];
}

/** All that hotvec knows of a model: plain data, made once at start-up, sent to the engine process as it is. */
export interface ModelManifest {
  /** The name it was asked for by: `starter`, or the folder's name. */
  name: string;
  /** Absolute path of the model folder. */
  folder: string;
  /** The commit of a hub repository; null for a local folder. */
  revision: string | null;
  architecture: Qwen3Config;
  /** Tensor name, without a `model.` prefix, to its place. */
  tensors: Record<string, TensorLocation>;
  tokenizerFile: string;
  hiddenSize: number;
  /** Longest sequence the weights support, special tokens included. */
  maxTokens: number;
  vocabularySize: number;
  pooling: 'last_token';
  /** Whether vectors are L2-normalized unless the request says otherwise. */
  normalize: boolean;
  /** Prompt name to the text put before an input, from config_sentence_transformers.json. */
  prompts: Record<string, string>;
  /** Smallest `dimensions` a Matryoshka model serves; null where only the native size is valid. */
  matryoshkaMinimum: number | null;
  /** Precision the engine computes in. */
  dtype: 'fp32';
  canary: Canary | null;
}
