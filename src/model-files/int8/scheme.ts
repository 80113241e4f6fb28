import type { TensorLocation } from '../folder/safetensors.ts';

/**
 * Bits of a weight. Some processors add two products of an unsigned and a signed byte in 16 bits: 2 × 255 × 63 fits, 2 × 255 × 127
 * does not. There weights have 7 (formats/own-graph/weight-bits.ts).
 */
export type WeightBits = 7 | 8;

/** Largest magnitude of a weight. */
export const LARGEST_WEIGHT: Readonly<Record<WeightBits, number>> = { 7: 63, 8: 127 };

/**
 * How weights are quantized: a scale for each row of the matrix, which is an output channel, s = max |w| ÷ {@link LARGEST_WEIGHT},
 * and integers round(w ÷ s), half to even. Activations: int8-products.ts of the formats. Change anything about either, and
 * change the name.
 */
export const INT8_METHOD: Readonly<Record<WeightBits, string>> = { 7: 'w7-channel-a8-row-2', 8: 'w8-channel-a8-row-2' };

/** Tensor name to its place. */
export type Tensors = Readonly<Record<string, TensorLocation>>;

/** A quantized matrix of [rows, columns] with a scale for each row: value = integer × scale. */
export interface Int8Matrix {
  /** Transposed: [columns, rows]. */
  values: TensorLocation<'I8'>;
  /** [rows] */
  scales: TensorLocation<'F32'>;
}

/**
 * A matrix stays fp32 where rounding takes more of it, ‖W − Ŵ‖ ÷ ‖W‖. Normally distributed weights lose 0.8 % with 8 bits and 1.6 %
 * with 7; they are too few for a row whose largest weight is far above the others (docs/decisions/0032, 0122).
 */
export const LARGEST_ERROR: Readonly<Record<WeightBits, number>> = { 7: 0.04, 8: 0.02 };

/** Which matrices of a model are quantized: its format says so, and measurements compare it with others. */
export interface MatrixChoice {
  /** The name of this choice together with {@link INT8_METHOD}: part of every cached file's key and of the fingerprint. */
  scheme: string;
  bits: WeightBits;
  /** Whether a tensor is a matrix of a layer, quantized or not. */
  isLayerMatrix: (name: string, shape: readonly number[]) => boolean;
  /** Whether a tensor is quantized, unless that takes more of it than {@link largestError}. */
  isQuantizable: (name: string, shape: readonly number[]) => boolean;
  /** ‖W − Ŵ‖ ÷ ‖W‖ */
  largestError: number;
}
