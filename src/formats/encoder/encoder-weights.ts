import { INT8_METHOD, LARGEST_ERROR, type MatrixChoice, type WeightBits } from '../../model-files/int8/scheme.ts';
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
/** Of values, where it is a matrix of its own: with 7 bits it costs a vector more than any other of its size (docs/decisions/0117). */
const VALUES = /\.(value|v_lin|attn\.v|v_proj)\.weight$/;

/** Which matrices of an encoder are computed in int8. */
export function encoderChoice(bits: WeightBits): MatrixChoice {
  const isKept = (name: string) => bits === 7 && VALUES.test(name);
  return {
    scheme: `encoder-${INT8_METHOD[bits]}`,
    bits,
    isLayerMatrix,
    isQuantizable: (name, shape) => isLayerMatrix(name, shape) && !isKept(name),
    largestError: LARGEST_ERROR[bits],
  };
}

function isLayerMatrix(name: string, shape: readonly number[]): boolean {
  return IN_LAYER.test(name) && shape.length === 2;
}
