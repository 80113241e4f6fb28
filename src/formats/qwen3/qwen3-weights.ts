import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { Int8Matrix } from '../../model-files/int8/scheme.ts';
import type { Qwen3Config } from './qwen3-config.ts';

/** hotvec's own graph over published safetensors. */
export interface Qwen3Weights {
  architecture: Qwen3Config;
  /** Tensor name, without a `model.` prefix, to its place. */
  tensors: Record<string, TensorLocation>;
  /** Tensor name to what it was quantized to; only for an engine that computes in int8. */
  int8?: Record<string, Int8Matrix>;
}
