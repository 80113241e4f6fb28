import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { Int8Matrix } from '../../model-files/int8/scheme.ts';
import type { CausalConfig } from './architectures/qwen3.ts';

/**
 * What makes one number of the last hidden state: a row of a tensor, or one less another. A language model's answer is the
 * logit of a token, less that of another; a classifier has a row of its own.
 */
export interface ScoreHead {
  /** Name of the tensor, [rows, hiddenSize]. */
  tensor: string;
  /** The row that is for relevance, and the one against it; null: there is none. */
  rows: readonly [number, number | null];
}

/** hotvec's own graph over published safetensors. */
export interface CausalWeights {
  architecture: CausalConfig;
  /** Tensor name, without a `model.` prefix, to its place. */
  tensors: Record<string, TensorLocation>;
  /** Of a reranker; null: rows are the hidden states themselves. */
  head: ScoreHead | null;
  /** Tensor name to what it was quantized to; only for an engine that computes in int8. */
  int8?: Record<string, Int8Matrix>;
}
