import type { TensorLocation } from '../folder/safetensors.ts';

/**
 * What of a decoder's layers is quantized, and how; its name is part of every cached file's key and of the fingerprint.
 * Change anything about it, and change the name.
 *
 * Weights: a scale for each row of the matrix, which is an output channel, s = max |w| ÷ 63, and integers round(w ÷ s),
 * half to even, in [−63, 63]. 7 bits, because CPUs without VNNI add two products of an unsigned and a signed byte in 16 bits:
 * 2 × 255 × 63 fits, 2 × 255 × 127 does not. Activations: int8-products.ts of the format.
 */
export const INT8_SCHEME = 'w7-channel-a8-row-1';

/** Tensor name to its place. */
export type Tensors = Readonly<Record<string, TensorLocation>>;

/** A quantized matrix of [rows, columns] with a scale for each row: value = integer × scale. */
export interface Int8Matrix {
  /** Transposed: [columns, rows]. */
  values: TensorLocation<'I8'>;
  /** [rows] */
  scales: TensorLocation<'F32'>;
}

/** Largest magnitude of a weight. */
export const LARGEST_WEIGHT = 63;

/**
 * A matrix stays fp32 where rounding takes more of it, ‖W − Ŵ‖ ÷ ‖W‖. Normally distributed weights lose 1.6 %; 7 bits a
 * channel are too few for a row whose largest weight is far above the others (docs/decisions/0032).
 */
export const LARGEST_ERROR = 0.04;

/**
 * Not in it: `mlp.down_proj`, whose input holds massive activations, norms, and the embedding table, which is
 * looked up and not multiplied (docs/decisions/0032).
 */
const QUANTIZABLE = /^layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up)_proj)\.weight$/;

/** Whether the tensor of that name is quantized, unless that takes too much of it. */
export function isQuantizable(name: string): boolean {
  return QUANTIZABLE.test(name);
}

/** Whether the tensor of that name is a matrix of a layer, quantized or not. */
export function isProjection(name: string): boolean {
  return /^layers\.\d+\..*_proj\.weight$/.test(name);
}

/** Which matrices are quantized. */
export interface MatrixChoice {
  isQuantizable: (name: string) => boolean;
  largestError: number;
}

/** What is served. Measurements compare it with others (scripts/measure-int8.ts). */
export const SERVED_CHOICE: MatrixChoice = { isQuantizable, largestError: LARGEST_ERROR };
