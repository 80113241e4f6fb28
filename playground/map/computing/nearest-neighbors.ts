import { dotProducts, productsLength, productsStride } from './dot-products.ts';
import type { Matrix, Pause } from './matrix.ts';

/** For each row the other rows that are nearest, the nearest one first; of rows equally near the one with the lower number. */
export interface Neighbors {
  /** [rows, each] */
  indices: Int32Array;
  /** [rows, each], cosines of the angles. */
  similarities: Float64Array;
  /** Neighbors of each row. */
  each: number;
}

/** So many rows of 1,024 dimensions fit the second level of a processor's cache, twice. */
const TILE = 64;

/**
 * Exact, by all dot products, each pair once.
 * @param rows of unit length, or all of one length: the dot product decides.
 * @param each below the number of rows.
 */
export async function nearestNeighbors(rows: Matrix, each: number, pause: Pause): Promise<Neighbors> {
  const { count } = rows;
  const nearest = noNeighbors(count, each);
  const products = new Float64Array(productsLength(TILE, TILE));
  for (let top = 0; top < count; top += TILE) {
    const left = { from: top, to: Math.min(top + TILE, count) };
    for (let from = top; from < count; from += TILE) {
      const right = { from, to: Math.min(from + TILE, count) };
      dotProducts(rows, left, rows, right, products);
      const stride = productsStride(right.to - right.from);
      for (let i = left.from; i < left.to; i++) {
        for (let j = Math.max(right.from, i + 1); j < right.to; j++) {
          const product = products[(i - left.from) * stride + (j - right.from)] as number;
          offer(nearest, i, j, product);
          offer(nearest, j, i, product);
        }
      }
    }
    // Of the triangle of pairs.
    await pause(1 - ((count - left.to) / count) ** 2);
  }
  return nearest;
}

export function noNeighbors(count: number, each: number): Neighbors {
  return {
    indices: new Int32Array(count * each).fill(-1),
    similarities: new Float64Array(count * each).fill(Number.NEGATIVE_INFINITY),
    each,
  };
}

/** Takes a row as a neighbor of another if it is nearer than the last one there. */
export function offer(
  { indices, similarities, each }: Neighbors,
  row: number,
  other: number,
  similarity: number,
): void {
  const start = row * each;
  let place = start + each - 1;
  if (!isNearer(similarity, other, place)) return;
  for (; place > start && isNearer(similarity, other, place - 1); place--) {
    indices[place] = indices[place - 1] as number;
    similarities[place] = similarities[place - 1] as number;
  }
  indices[place] = other;
  similarities[place] = similarity;

  function isNearer(similarity: number, other: number, at: number): boolean {
    const there = similarities[at] as number;
    return similarity > there || (similarity === there && other < (indices[at] as number));
  }
}
