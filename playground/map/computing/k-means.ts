import { dotProducts, productsLength, productsStride } from './dot-products.ts';
import type { Matrix, Pause } from './matrix.ts';
import { seededRandom } from './seeded-random.ts';

export interface Clusters {
  /** Of each row; 0 is the largest cluster. */
  clusterOf: Uint8Array;
  sizes: number[];
  /** Of each cluster the row nearest to its center. */
  central: number[];
}

const ROWS_AT_ONCE = 256;
const ITERATIONS = 100;
const SEED = 18;

/**
 * k-means of directions: rows belong to the center with the highest cosine, centers are their rows' means, of unit length (spherical
 * k-means). Begins with k-means++, seeded: the same rows have the same clusters.
 * @param rows of unit length.
 * @param k at most 256; fewer clusters come out where there are fewer different rows.
 */
export async function kMeans(rows: Matrix, k: number, pause: Pause): Promise<Clusters> {
  const clusterOf = new Uint8Array(rows.count);
  const likeness = new Float64Array(rows.count);
  let centers = await spreadCenters(rows, k, pause);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const moved = await assign(rows, centers, { clusterOf, likeness, pause });
    if (iteration > 0 && moved === 0) break;
    centers = meanDirections(rows, centers.count, { clusterOf, likeness });
  }
  return bySize(clusterOf, likeness, centers.count);
}

/** k-means++ (Arthur and Vassilvitskii, 2007): each next center is a row, the likelier the farther it is from those there are. */
async function spreadCenters(rows: Matrix, k: number, pause: Pause): Promise<Matrix> {
  const { values, count, dimensions } = rows;
  const random = seededRandom(SEED);
  const row = (index: number) => values.subarray(index * dimensions, (index + 1) * dimensions);
  const centers = new Float32Array(Math.min(k, count) * dimensions);
  centers.set(row(Math.floor(random() * count)));
  const farness = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const products = new Float64Array(productsLength(count, 1));
  const stride = productsStride(1);
  let found = 1;
  for (; found * dimensions < centers.length; found++) {
    const newest = { values: centers, count: found, dimensions };
    dotProducts(rows, { from: 0, to: count }, newest, { from: found - 1, to: found }, products);
    let total = 0;
    for (let i = 0; i < count; i++) {
      // The square of the distance of two unit vectors; a duplicate's is zero, but for rounding.
      const squared = 2 - 2 * (products[i * stride] as number);
      farness[i] = Math.min(farness[i] as number, squared < 1e-6 ? 0 : squared);
      total += farness[i] as number;
    }
    if (total === 0) break;
    let rest = random() * total;
    const last = farness.findLastIndex((far) => far > 0);
    const next = farness.findIndex((far, i) => {
      rest -= far;
      return (far > 0 && rest < 0) || i === last;
    });
    centers.set(row(next), found * dimensions);
    await pause();
  }
  return { values: centers.slice(0, found * dimensions), count: found, dimensions };
}

interface Assignment {
  clusterOf: Uint8Array;
  /** Of each row with its center. */
  likeness: Float64Array;
}

/** @returns how many rows changed their cluster. */
async function assign(rows: Matrix, centers: Matrix, { clusterOf, likeness, pause }: Assignment & { pause: Pause }) {
  const stride = productsStride(centers.count);
  const products = new Float64Array(productsLength(ROWS_AT_ONCE, centers.count));
  let moved = 0;
  for (let from = 0; from < rows.count; from += ROWS_AT_ONCE) {
    const to = Math.min(from + ROWS_AT_ONCE, rows.count);
    dotProducts(rows, { from, to }, centers, { from: 0, to: centers.count }, products);
    for (let row = from; row < to; row++) {
      const start = (row - from) * stride;
      let best = 0;
      for (let c = 1; c < centers.count; c++) {
        if ((products[start + c] as number) > (products[start + best] as number)) best = c;
      }
      if (clusterOf[row] !== best) moved++;
      clusterOf[row] = best;
      likeness[row] = products[start + best] as number;
    }
    await pause();
  }
  return moved;
}

/** A cluster that lost all its rows begins again at the row that is least like its own center. */
function meanDirections({ values, count, dimensions }: Matrix, k: number, { clusterOf, likeness }: Assignment): Matrix {
  const sums = new Float64Array(k * dimensions);
  const sizes = new Array<number>(k).fill(0);
  for (let row = 0; row < count; row++) {
    const cluster = clusterOf[row] as number;
    sizes[cluster] = (sizes[cluster] as number) + 1;
    for (let d = 0; d < dimensions; d++) {
      const at = cluster * dimensions + d;
      sums[at] = (sums[at] as number) + (values[row * dimensions + d] as number);
    }
  }
  for (const [cluster, size] of sizes.entries()) {
    if (size > 0) continue;
    const loneliest = likeness.indexOf(likeness.reduce((least, value) => Math.min(least, value)));
    likeness[loneliest] = 1;
    sums.set(values.subarray(loneliest * dimensions, (loneliest + 1) * dimensions), cluster * dimensions);
  }
  const centers = new Float32Array(k * dimensions);
  for (let c = 0; c < k; c++) {
    const sum = sums.subarray(c * dimensions, (c + 1) * dimensions);
    const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0)) || 1;
    for (let d = 0; d < dimensions; d++) centers[c * dimensions + d] = (sum[d] as number) / length;
  }
  return { values: centers, count: k, dimensions };
}

function bySize(clusterOf: Uint8Array, likeness: Float64Array, k: number): Clusters {
  const sizes = new Array<number>(k).fill(0);
  const central = new Array<number>(k).fill(-1);
  const first = new Array<number>(k).fill(clusterOf.length);
  clusterOf.forEach((cluster, row) => {
    sizes[cluster] = (sizes[cluster] as number) + 1;
    first[cluster] = Math.min(first[cluster] as number, row);
    const best = central[cluster] as number;
    if (best < 0 || (likeness[row] as number) > (likeness[best] as number)) central[cluster] = row;
  });
  const order = sizes
    .map((_, cluster) => cluster)
    .filter((cluster) => (sizes[cluster] as number) > 0)
    .sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || (first[a] as number) - (first[b] as number));
  const place = new Map(order.map((cluster, i) => [cluster, i]));
  return {
    clusterOf: clusterOf.map((cluster) => place.get(cluster) as number),
    sizes: order.map((cluster) => sizes[cluster] as number),
    central: order.map((cluster) => central[cluster] as number),
  };
}
