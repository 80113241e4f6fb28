import { LARGEST_WEIGHT, type WeightBits } from './scheme.ts';

/** Adding and subtracting it leaves a double rounded to an integer, half to even: 1.5 × 2^52. */
const ROUND = 6_755_399_441_055_744;
/** Columns at a time, so that what is written stays in the CPU cache. */
const TILE = 64;
/** Bytes from one column of a tile to the next beyond its rows: columns a power of two apart would share few cache lines. */
const GAP = 64;

/** A matrix being quantized. */
export interface Int8Target {
  rows: number;
  columns: number;
  bits: WeightBits;
  /** [columns, rows] */
  values: Int8Array<ArrayBuffer>;
  /** [rows] */
  scales: Float32Array<ArrayBuffer>;
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
  const { rows, columns, bits, values, scales } = target;
  const count = weights.length / columns;
  const inverses = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const begin = row * columns;
    let largest = 0;
    for (let i = begin; i < begin + columns; i++) {
      const magnitude = Math.abs(weights[i] as number);
      if (magnitude > largest) largest = magnitude;
    }
    const scale = Math.fround(largest / LARGEST_WEIGHT[bits]);
    scales[firstRow + row] = scale;
    // Of a row of zeros, or of what float32 has no smaller scale for, all integers are 0.
    inverses[row] = scale === 0 ? 0 : 1 / scale;
  }
  const stride = count + GAP;
  const tile = new Int8Array(TILE * stride);
  for (let firstColumn = 0; firstColumn < columns; firstColumn += TILE) {
    const width = Math.min(TILE, columns - firstColumn);
    for (let row = 0; row < count; row++) {
      const inverse = inverses[row] as number;
      const begin = row * columns + firstColumn;
      // In units of the row's scale. NaN and infinity, which times 0 is NaN, make NaN of the sum.
      let squares = 0;
      let errorSquares = 0;
      for (let i = 0; i < width; i++) {
        const quotient = (weights[begin + i] as number) * inverse;
        const integer = quotient + ROUND - ROUND;
        const error = quotient - integer;
        squares += quotient * quotient;
        errorSquares += error * error;
        tile[i * stride + row] = integer;
      }
      const scale = scales[firstRow + row] as number;
      target.squares += squares * scale * scale;
      target.errorSquares += errorSquares * scale * scale;
    }
    for (let i = 0; i < width; i++) {
      values.set(tile.subarray(i * stride, i * stride + count), (firstColumn + i) * rows + firstRow);
    }
  }
  return Number.isFinite(target.squares);
}
