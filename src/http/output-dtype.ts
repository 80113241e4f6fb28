import { HotvecError } from '../errors.ts';

/** How the components of a vector are answered, as `output_dtype` names it. */
export const outputDtypes = ['float', 'int8', 'uint8', 'binary', 'ubinary'] as const;
export type OutputDtype = (typeof outputDtypes)[number];
/** A vector as it is answered. */
export type AnsweredVector = Float32Array | Int8Array | Uint8Array;

/**
 * Steps of int8 in one standard deviation. A unit vector of n components has a root mean square of 1/√n, whatever the
 * model: 127 steps are eight of them, further out than any component of the starter's vectors lies (decision 0056).
 */
const STEPS_PER_DEVIATION = 16;
const MAX_STEP = 127;
/** What `uint8` and `ubinary` add to `int8` and `binary`. */
const OFFSET = 128;

/**
 * Writes a vector in fewer bits. Nothing is learned from other vectors, so that every server gives the same.
 *
 * - `int8`: 16 · √n · x, rounded to the nearest whole number, −127 to 127; n is the number of components.
 * - `uint8`: the same plus 128.
 * - `ubinary`: one bit a component, 1 where x > 0, eight to a byte, the first in the highest bit: NumPy's `packbits`.
 * - `binary`: the same byte minus 128, as sentence-transformers, Cohere and Voyage have it.
 *
 * @param vector for `int8` and `uint8` of length 1 (see `checkOutputDtype`); for `binary` and `ubinary` of any.
 * @returns for `float` the vector itself, else a new array; of the binary ones an eighth of the components.
 */
export function quantizeVector(vector: Float32Array, dtype: OutputDtype): AnsweredVector {
  if (dtype === 'float') return vector;
  if (dtype === 'int8') return Int8Array.from(steps(vector));
  if (dtype === 'uint8') return Uint8Array.from(steps(vector), (step) => step + OFFSET);
  const bytes = packSigns(vector);
  return dtype === 'ubinary' ? bytes : Int8Array.from(bytes, (byte) => byte - OFFSET);
}

/**
 * Whether vectors of `dimensions` components can be answered so.
 * @throws {HotvecError} invalid_dimensions, invalid_input; before anything is computed.
 */
export function checkOutputDtype(dtype: OutputDtype, dimensions: number, isNormalized: boolean): void {
  if ((dtype === 'binary' || dtype === 'ubinary') && dimensions % 8 !== 0) {
    throw new HotvecError(
      'invalid_dimensions',
      `output_dtype ${dtype} has eight components in a byte, and ${dimensions} is no multiple of 8. Send another "dimensions".`,
      { param: 'dimensions' },
    );
  }
  if ((dtype === 'int8' || dtype === 'uint8') && !isNormalized) {
    throw new HotvecError(
      'invalid_input',
      `output_dtype ${dtype} has a scale for vectors of length 1; these would not be. Send "normalize": true.`,
      { param: 'normalize' },
    );
  }
}

function steps(vector: Float32Array): Float64Array {
  const scale = STEPS_PER_DEVIATION * Math.sqrt(vector.length);
  return Float64Array.from(vector, (x) => Math.max(-MAX_STEP, Math.min(MAX_STEP, Math.round(x * scale))));
}

function packSigns(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.length / 8);
  for (let i = 0; i < vector.length; i++) {
    if ((vector[i] as number) > 0) bytes[i >> 3] = (bytes[i >> 3] as number) | (0x80 >> (i & 7));
  }
  return bytes;
}
