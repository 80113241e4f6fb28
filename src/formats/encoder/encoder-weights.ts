import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { Int8Matrix } from '../../model-files/int8/scheme.ts';
import type { DenseLayer } from '../pooling/dense-layers.ts';
import type { EncoderConfig } from './architecture.ts';

/** hotvec's own bidirectional graphs over published safetensors. */
export interface EncoderWeights {
  architecture: EncoderConfig;
  /** Tensor name, without the architecture's prefix, to its place. */
  tensors: Record<string, TensorLocation>;
  /** Dense modules after pooling, in order. */
  dense: DenseLayer[];
  /** Whether a row is what the head of a classifier with one label makes of a sequence: of a reranker. */
  hasHead: boolean;
  /** Tensor name to what it was quantized to; only for an engine that computes in int8. */
  int8?: Record<string, Int8Matrix>;
}
