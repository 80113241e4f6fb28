import type { Matrix } from './matrix.ts';

/** A run of rows, `to` left out. */
export interface Rows {
  from: number;
  to: number;
}

/** How many values {@link dotProducts} writes for so many rows of each side: a little more than there are products. */
export function productsLength(leftRows: number, rightRows: number): number {
  return roundUp(leftRows, 2) * productsStride(rightRows);
}

/** Where the products of the next row of the left begin. */
export function productsStride(rightRows: number): number {
  return roundUp(rightRows, 4);
}

/**
 * Dot products of rows of `left` with rows of `right`, summed in the order of the dimensions in float64: a pair has the same product
 * whatever else is computed with it, and either way around.
 *
 * Two rows by four are computed at once: every value that is loaded is used several times, which makes it three times as fast as one
 * product after the other (docs/decisions/0130-the-map.md).
 * @param into [rows of left, {@link productsStride}]; of {@link productsLength}.
 */
export function dotProducts(left: Matrix, leftRows: Rows, right: Matrix, rightRows: Rows, into: Float64Array): void {
  const { dimensions, values: a } = left;
  const b = right.values;
  const stride = productsStride(rightRows.to - rightRows.from);
  const lastLeft = leftRows.to - 1;
  const lastRight = rightRows.to - 1;
  for (let i = leftRows.from; i < leftRows.to; i += 2) {
    const a0 = i * dimensions;
    // Where rows end within a group, its last one is computed again and lands where nobody looks.
    const a1 = Math.min(i + 1, lastLeft) * dimensions;
    for (let j = rightRows.from; j < rightRows.to; j += 4) {
      const b0 = j * dimensions;
      const b1 = Math.min(j + 1, lastRight) * dimensions;
      const b2 = Math.min(j + 2, lastRight) * dimensions;
      const b3 = Math.min(j + 3, lastRight) * dimensions;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let d = 0; d < dimensions; d++) {
        const x0 = a[a0 + d] as number;
        const x1 = a[a1 + d] as number;
        const y0 = b[b0 + d] as number;
        const y1 = b[b1 + d] as number;
        const y2 = b[b2 + d] as number;
        const y3 = b[b3 + d] as number;
        s00 += x0 * y0;
        s01 += x0 * y1;
        s02 += x0 * y2;
        s03 += x0 * y3;
        s10 += x1 * y0;
        s11 += x1 * y1;
        s12 += x1 * y2;
        s13 += x1 * y3;
      }
      const first = (i - leftRows.from) * stride + (j - rightRows.from);
      into[first] = s00;
      into[first + 1] = s01;
      into[first + 2] = s02;
      into[first + 3] = s03;
      const second = first + stride;
      into[second] = s10;
      into[second + 1] = s11;
      into[second + 2] = s12;
      into[second + 3] = s13;
    }
  }
}

function roundUp(count: number, multiple: number): number {
  return Math.ceil(count / multiple) * multiple;
}
