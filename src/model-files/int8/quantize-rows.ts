import { LARGEST_WEIGHT } from './scheme.ts';

/** Adding and subtracting it leaves a double rounded to an integer, half to even: 1.5 × 2^52. */
const ROUND = 6_755_399_441_055_744;
/** Columns at a time, so that what is written stays in the CPU cache. */
const TILE = 64;

/** A matrix being quantized. */
export interface Int8Target {
  rows: number;
  columns: number;
  /** [columns, rows] */
  values: Int8Array;
  /** [rows] */
  scales: Float32Array;
  /** Sum of the squares of the rows so far, and of what rounding took from them. */
  squares: number;
  errorSquares: number;
}

/**
 * Quantizes some rows of a matrix, each by itself, and writes them transposed.
 *
 * @param weights row-major [any, columns].
 * @param firstRow of the target.
 * @returns whether all of them are finite; the target is of no use where they are not.
 */
export function quantizeRows(weights: Float32Array, firstRow: number, target: Int8Target): boolean {
  const { rows, columns, values, scales } = target;
  const count = weights.length / columns;
  for (let row = 0; row < count; row++) {
    const begin = row * columns;
    let largest = 0;
    let squares = 0;
    for (let i = begin; i < begin + columns; i++) {
      const weight = weights[i] as number;
      largest = Math.max(largest, Math.abs(weight));
      squares += weight * weight;
    }
    // Of finite float32 it is: their squares are far from the end of a double.
    if (!Number.isFinite(squares)) return false;
    target.squares += squares;
    scales[firstRow + row] = largest / LARGEST_WEIGHT;
  }
  let errorSquares = 0;
  for (let firstColumn = 0; firstColumn < columns; firstColumn += TILE) {
    const endColumn = Math.min(columns, firstColumn + TILE);
    for (let row = 0; row < count; row++) {
      const scale = scales[firstRow + row] as number;
      // A row of zeros, or of what float32 has no smaller scale for: zeros, which the target holds.
      if (scale === 0) continue;
      const begin = row * columns;
      for (let column = firstColumn; column < endColumn; column++) {
        const quotient = (weights[begin + column] as number) / scale;
        const integer = quotient + ROUND - ROUND;
        const error = (quotient - integer) * scale;
        errorSquares += error * error;
        values[column * rows + firstRow + row] = integer;
      }
    }
  }
  target.errorSquares += errorSquares;
  return true;
}
