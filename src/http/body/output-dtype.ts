import { HotvecError, invalidInput } from '../../errors.ts';

/** How the components of a vector are answered, as `output_dtype` names it. */
export const outputDtypes = ['float', 'int8', 'uint8', 'binary', 'ubinary'] as const;
export type OutputDtype = (typeof outputDtypes)[number];
/** A vector as it is answered. */
export type AnsweredVector = Float32Array | Int8Array | Uint8Array;

/**
 * Steps of int8 in one standard deviation. A unit vector of n components has a root mean square of 1/√n, whatever the
 * model: 127 steps are eight of them, further out than any component of the starter's vectors (decision 0056).
 */
const STEPS_PER_DEVIATION = 16;
const MAX_STEP = 127;
/** By how much `uint8` and `ubinary` are above `int8` and `binary`. */
const OFFSET = 128;

/**
 * Writes a vector in fewer bits. Nothing is learned from other vectors, so that every server gives the same.
 *
 * - `int8`: 16 · √n · x, rounded to the nearest integer, −127 to 127; n is the number of components.
 * - `uint8`: the same plus 128.
 * - `ubinary`: one bit a component, 1 where x > 0, eight to a byte, the first in the highest bit: NumPy's `packbits`.
 * - `binary`: the same byte minus 128, as sentence-transformers, Cohere and Voyage have it.
 *
 * @param vector for `int8` and `uint8` of length 1 (see `checkOutputDtype`); for `binary` and `ubinary` of any.
 * @returns for `float` the vector itself, else a new array; of the binary ones an eighth of the components.
 */
export function quantizeVector(vector: Float32Array, dtype: OutputDtype): AnsweredVector {
  switch (dtype) {
    case 'float':
      return vector;
    case 'int8':
      return writeSteps(vector, new Int8Array(vector.length), 0);
    case 'uint8':
      return writeSteps(vector, new Uint8Array(vector.length), OFFSET);
    case 'ubinary':
      return writeSigns(vector, new Uint8Array(vector.length / 8), 0);
    case 'binary':
      return writeSigns(vector, new Int8Array(vector.length / 8), -OFFSET);
  }
}

/** What a client calls the two. */
const OUR_FIELDS = { dtype: 'output_dtype', dimensions: 'dimensions' };

/**
 * Whether vectors of `dimensions` components can be answered so.
 * @throws {HotvecError} invalid_dimensions, invalid_input; before anything is computed.
 */
export function checkOutputDtype(
  dtype: OutputDtype,
  dimensions: number,
  isNormalized: boolean,
  fields = OUR_FIELDS,
): void {
  if ((dtype === 'binary' || dtype === 'ubinary') && dimensions % 8 !== 0) {
    throw new HotvecError(
      'invalid_dimensions',
      `${fields.dtype} ${dtype} packs eight components into a byte, but ${dimensions} is not a multiple of 8. Send a different "${fields.dimensions}".`,
      { param: fields.dimensions },
    );
  }
  if ((dtype === 'int8' || dtype === 'uint8') && !isNormalized) {
    const message = `${fields.dtype} ${dtype} requires vectors of length 1. Send "normalize": true.`;
    throw invalidInput(message, 'normalize');
  }
}

// Plain loops: `TypedArray.from` with a function takes several times as long.

function writeSteps<Bytes extends Int8Array | Uint8Array>(vector: Float32Array, bytes: Bytes, offset: number): Bytes {
  const scale = STEPS_PER_DEVIATION * Math.sqrt(vector.length);
  for (let i = 0; i < vector.length; i++) {
    const step = Math.floor((vector[i] as number) * scale + 0.5);
    bytes[i] = offset + (step > MAX_STEP ? MAX_STEP : step < -MAX_STEP ? -MAX_STEP : step);
  }
  return bytes;
}

function writeSigns<Bytes extends Int8Array | Uint8Array>(vector: Float32Array, bytes: Bytes, offset: number): Bytes {
  for (let byte = 0; byte < bytes.length; byte++) {
    let bits = 0;
    for (let i = 8 * byte; i < 8 * byte + 8; i++) bits = (bits << 1) | ((vector[i] as number) > 0 ? 1 : 0);
    bytes[byte] = offset + bits;
  }
  return bytes;
}
