import { setImmediate } from 'node:timers/promises';
import { HotvecError } from '../../errors.ts';
import type { InputFailures } from '../input-failures.ts';

/**
 * When a vector is divided by its L2 norm: after it was cut, so that it has length one, as Matryoshka models are meant;
 * before, as a model with `truncate_dim` does, whose cut vectors are shorter than one; or not at all.
 */
export type Normalization = 'after_cut' | 'before_cut' | 'none';

/** A row shorter than this has no direction worth the name; no trained model makes one. */
export const MIN_NORM = 1e-6;
/** Numbers finished between two yields: a millisecond or so. */
const FLOATS_PER_SLICE = 250_000;

export interface FinishOptions {
  dimensions: number;
  normalization: Normalization;
  /** Whether a row of zeros is a vector: without a direction, and never divided by its norm. */
  allowsZeros: boolean;
}

/**
 * Finishes every row, in order. The event loop is let in between slices of a large answer.
 * @param rows one an input; none of those that have failed, and an empty one of those that had nothing to compute.
 * @param failures gets the inputs whose rows have no direction, and tells which have failed before.
 * @returns the vectors of the others: views of one buffer, since V8 takes longer over a buffer each than their arithmetic.
 */
export async function finishVectors(
  rows: readonly Float32Array[],
  inputs: readonly { position: number }[],
  { dimensions, normalization, allowsZeros }: FinishOptions,
  failures: InputFailures,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  const components = new Float32Array(inputs.length * dimensions);
  let finished = 0;
  for (const [i, { position }] of inputs.entries()) {
    if (failures.byPosition.has(position)) continue;
    try {
      const row = rows[i] as Float32Array;
      const target = components.subarray(i * dimensions, (i + 1) * dimensions);
      const isZeros = allowsZeros && row.every((component) => component === 0);
      vectors.push(isZeros ? target : finishVector(row, dimensions, normalization, target));
    } catch (error) {
      failures.add(position, error);
    }
    finished += dimensions;
    if (finished > FLOATS_PER_SLICE) {
      finished = 0;
      await setImmediate();
    }
  }
  return vectors;
}

/**
 * Turns a pooled row into the vector that is served: the first `dimensions` components, divided by an L2 norm
 * as `normalization` says.
 *
 * @param vector where it is written: `row` may be a view into a batch.
 * @throws {HotvecError} non_finite_output. A client gets an error, never a NaN and never zeros.
 */
export function finishVector(
  row: Float32Array,
  dimensions: number,
  normalization: Normalization,
  vector = new Float32Array(dimensions),
): Float32Array {
  if (row.length < dimensions) throw new RangeError(`a row of ${row.length} has no ${dimensions} components`);
  vector.set(row.subarray(0, dimensions));
  const norm = normOf(normalization === 'before_cut' ? row : vector);
  if (!isDirection(norm) || (normalization === 'before_cut' && !hasDirection(vector))) {
    throw new HotvecError(
      'non_finite_output',
      'The model produced a vector with no direction for an input of this request.',
    );
  }
  if (normalization !== 'none') for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] as number) / norm;
  return vector;
}

/** Whether the whole row can become vectors: finite, and of a length. */
export function hasDirection(row: Float32Array): boolean {
  return isDirection(normOf(row));
}

function normOf(vector: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += (vector[i] as number) ** 2;
  return Math.sqrt(squares);
}

/** Written so that NaN and Infinity fail too. */
function isDirection(norm: number): boolean {
  return norm > MIN_NORM && norm < Number.POSITIVE_INFINITY;
}
