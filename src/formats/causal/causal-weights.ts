import { INT8_METHOD, LARGEST_ERROR, type MatrixChoice } from '../../model-files/int8/scheme.ts';
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

/**
 * Which matrices of a decoder are computed in int8. Not in it: `mlp.down_proj`, whose input holds massive activations, norms,
 * and the embedding table, which is looked up and not multiplied (docs/decisions/0032).
 */
const QUANTIZABLE = /^layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up)_proj)\.weight$/;
const LAYER_MATRIX = /^layers\.\d+\..*_proj\.weight$/;

export const DECODER_CHOICE: MatrixChoice = {
  scheme: INT8_METHOD,
  isLayerMatrix: (name) => LAYER_MATRIX.test(name),
  isQuantizable: (name) => QUANTIZABLE.test(name),
  largestError: LARGEST_ERROR,
};
