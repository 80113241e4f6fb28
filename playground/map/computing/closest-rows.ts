import { dotProducts, productsLength, productsStride } from './dot-products.ts';
import type { Matrix } from './matrix.ts';
import { type Neighbors, noNeighbors, offer } from './nearest-neighbors.ts';

/** The `each` other rows that are nearest to one row, in all dimensions and exactly. @param rows of unit length. */
export function closestRows(rows: Matrix, row: number, each: number): Neighbors {
  const one = { from: row, to: row + 1 };
  const closest = noNeighbors(1, Math.min(each, rows.count - 1));
  const products = new Float64Array(productsLength(rows.count, 1));
  const stride = productsStride(1);
  dotProducts(rows, { from: 0, to: rows.count }, rows, one, products);
  for (let other = 0; other < rows.count; other++) {
    if (other !== row && closest.each > 0) offer(closest, 0, other, products[other * stride] as number);
  }
  return closest;
}
