import { HotvecError } from '../errors.ts';

/** A row shorter than this has no direction worth the name; no trained model makes one. */
const MIN_NORM = 1e-6;

/**
 * Turns a pooled row into the vector that is served: the first `dimensions` components (Matryoshka), then, unless
 * asked not to, divided by their L2 norm. Slicing comes first: a slice of a unit vector is not one.
 *
 * @returns a new array; `row` may be a view into a batch.
 * @throws {HotvecError} non_finite_output. A client gets an error, never a NaN and never zeros.
 */
export function finishVector(row: Float32Array, dimensions: number, normalize: boolean): Float32Array {
  if (row.length < dimensions) throw new RangeError(`a row of ${row.length} has no ${dimensions} components`);
  const vector = row.slice(0, dimensions);
  let squares = 0;
  for (let i = 0; i < dimensions; i++) squares += (vector[i] as number) ** 2;
  const norm = Math.sqrt(squares);
  // Written so that NaN and Infinity fail too.
  if (!(norm > MIN_NORM && norm < Number.POSITIVE_INFINITY)) {
    throw new HotvecError(
      'non_finite_output',
      'The model gave a vector without direction for an input of this request.',
    );
  }
  if (normalize) for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] as number) / norm;
  return vector;
}
