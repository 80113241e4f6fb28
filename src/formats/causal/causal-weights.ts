import { INT8_METHOD, LARGEST_ERROR, type MatrixChoice, type WeightBits } from '../../model-files/int8/scheme.ts';
import type { OwnWeights } from '../own-graph/own-weights.ts';
import type { CausalConfig } from './architecture.ts';

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
export interface CausalWeights extends OwnWeights {
  architecture: CausalConfig;
  /** Of a reranker; null: rows are the hidden states themselves. */
  head: ScoreHead | null;
}

/** Every matrix of a layer is computed in int8. Norms are not matrices, and the embedding table is looked up, not multiplied. */
const LAYER_MATRIX = /^layers\.\d+\..*_proj\.weight$/;

/** Which matrices of a decoder are computed in int8. */
export function decoderChoice(bits: WeightBits): MatrixChoice {
  const isLayerMatrix = (name: string) => LAYER_MATRIX.test(name);
  return {
    scheme: INT8_METHOD[bits],
    bits,
    isLayerMatrix,
    isQuantizable: isLayerMatrix,
    largestError: LARGEST_ERROR[bits],
  };
}
