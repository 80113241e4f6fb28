import { INT8_METHOD, LARGEST_ERROR, type MatrixChoice } from '../../model-files/int8/scheme.ts';

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
