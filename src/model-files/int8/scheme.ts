import type { TensorLocation } from '../folder/safetensors.ts';

/**
 * How weights are quantized: a scale for each row of the matrix, which is an output channel, s = max |w| ÷ 63, and integers
 * round(w ÷ s), half to even, in [−63, 63]. 7 bits, because CPUs without VNNI add two products of an unsigned and a signed
 * byte in 16 bits: 2 × 255 × 63 fits, 2 × 255 × 127 does not. Activations: int8-products.ts of the formats.
 */
export const INT8_METHOD = 'w7-channel-a8-row-1';

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

/** Which matrices of a model are quantized: its format says so, and measurements compare it with others. */
export interface MatrixChoice {
  /**
   * The name of this choice together with {@link INT8_METHOD}: part of every cached file's key and of the fingerprint. Change
   * anything about either, and change the name.
   */
  scheme: string;
  /** Whether a tensor is a matrix of a layer, quantized or not. */
  isLayerMatrix: (name: string, shape: readonly number[]) => boolean;
  /** Whether a tensor is quantized, unless that takes more of it than {@link largestError}. */
  isQuantizable: (name: string, shape: readonly number[]) => boolean;
  /** ‖W − Ŵ‖ ÷ ‖W‖ */
  largestError: number;
}
