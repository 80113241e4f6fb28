import { INT8_METHOD, LARGEST_ERROR, type MatrixChoice } from '../../model-files/int8/scheme.ts';
import type { OwnWeights } from '../own-graph/own-weights.ts';
import type { TokenTypes } from '../pairs/token-types.ts';
import type { EncoderConfig } from './architecture.ts';

/** hotvec's own bidirectional graphs over published safetensors. */
export interface EncoderWeights extends OwnWeights {
  architecture: EncoderConfig;
  /** Whether a row is what the head of a classifier with one label makes of a sequence: of a reranker. */
  hasHead: boolean;
  /** How the second text of a pair is told from the first; null: by nothing. */
  tokenTypes: TokenTypes | null;
}

/** A weight of a layer, as architectures name them. */
const IN_LAYER = /(?:^|\.)layers?\.\d+\..*\.weight$/;
/**
 * Those that stay fp32 (docs/decisions/0117): the matrix of values, where it is one of its own, which costs a vector more than any other of
 * its size; and the last one of a gated feed-forward layer, whose input is a product of two activations.
 */
const KEPT = /\.(value|v_lin|attn\.v|v_proj|mlp\.(down_proj|fc2|Wo))\.weight$/;

/** Which matrices of an encoder are computed in int8. */
export const ENCODER_CHOICE: MatrixChoice = {
  scheme: `encoder-values-fp32-${INT8_METHOD}`,
  isLayerMatrix,
  isQuantizable: (name, shape) => isLayerMatrix(name, shape) && !KEPT.test(name),
  largestError: LARGEST_ERROR,
};

function isLayerMatrix(name: string, shape: readonly number[]): boolean {
  return IN_LAYER.test(name) && shape.length === 2;
}
