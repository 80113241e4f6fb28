import { dotProducts, productsLength } from './dot-products.ts';
import type { Matrix, Pause } from './matrix.ts';
import { type Neighbors, nearestNeighbors, noNeighbors, offer } from './nearest-neighbors.ts';
import { principalComponents } from './principal-components.ts';

/** Multiplications for all pairs that take about ten seconds. */
export const AFFORDABLE_MULTIPLICATIONS = 16e9;
/** With fewer, many neighbors are missed. */
const FEWEST_DIMENSIONS = 32;
/** Neighbors in fewer dimensions for each one that is kept in all. */
const CANDIDATES = 4;
/** The directions need not be exact: they choose candidates only. */
const PASSES = 3;

/** How many dimensions all pairs are compared in: all of them, or as many as are affordable. */
export function comparedDimensions(
  { count, dimensions }: Omit<Matrix, 'values'>,
  affordable = AFFORDABLE_MULTIPLICATIONS,
): number {
  return Math.min(dimensions, Math.max(FEWEST_DIMENSIONS, Math.floor((2 * affordable) / count ** 2)));
}

interface Options {
  each: number;
  /** Multiplications for all pairs. */
  affordable: number;
  pause: Pause;
}

/**
 * The neighbors of every row that UMAP starts from. For up to some thousand rows they are exact; for more, candidates are found among the
 * principal components and compared in all dimensions.
 * @param rows of unit length.
 */
export async function neighborGraph(rows: Matrix, { each, affordable, pause }: Options): Promise<Neighbors> {
  const { count, dimensions } = rows;
  const compared = comparedDimensions(rows, affordable);
  if (compared === dimensions) return nearestNeighbors(rows, each, pause);
  const directions = { components: compared, passes: PASSES, pause: () => pause() };
  const { positions, components } = await principalComponents(rows, directions);
  const reduced = { values: positions, count, dimensions: components.count };
  const candidates = await nearestNeighbors(reduced, Math.min(each * CANDIDATES, count - 1), pause);
  return nearestOf(candidates, { rows, each, pause });
}

async function nearestOf(
  candidates: Neighbors,
  { rows, each, pause }: { rows: Matrix; each: number; pause: Pause },
): Promise<Neighbors> {
  const nearest = noNeighbors(rows.count, each);
  const product = new Float64Array(productsLength(1, 1));
  for (let row = 0; row < rows.count; row++) {
    for (let place = row * candidates.each; place < (row + 1) * candidates.each; place++) {
      const other = candidates.indices[place] as number;
      dotProducts(rows, { from: row, to: row + 1 }, rows, { from: other, to: other + 1 }, product);
      offer(nearest, row, other, product[0] as number);
    }
    if (row % 64 === 0) await pause(1);
  }
  return nearest;
}
