import { dotProducts, productsLength, productsStride } from './dot-products.ts';
import { eigenvectors } from './eigenvectors.ts';
import type { Matrix, Pause } from './matrix.ts';
import { seededRandom } from './seeded-random.ts';

export interface PrincipalComponents {
  /** Unit vectors, row by row, by falling variance; the value of each that is farthest from zero is positive. */
  components: Matrix;
  /** Of the rows along each component, divided by rows − 1. */
  variances: readonly number[];
  /** In all directions. */
  totalVariance: number;
  /** [rows, components]: the rows, centered, along the components. */
  positions: Float32Array;
}

interface Options {
  components: number;
  /** Passes over the rows at most; it ends when a pass changes nothing that could be seen. */
  passes: number;
  pause: Pause;
}

/** More directions are followed than are asked for: the last ones asked for are found sooner. */
const SPARE = 8;
const ROWS_AT_ONCE = 256;
/** A component is found when what is left of it, as a part of the largest variance, is below. */
const TOLERANCE = 1e-6;
const SEED = 20;

/**
 * The directions in which rows differ most, by subspace iteration: with a few directions wanted, passes over the rows are cheaper than
 * a full decomposition of [dimensions, dimensions]. Directions that the rows do not have (fewer rows than components) are left out.
 */
export async function principalComponents(rows: Matrix, options: Options): Promise<PrincipalComponents> {
  const { count, dimensions } = rows;
  const wanted = Math.min(options.components, count - 1, dimensions);
  if (wanted <= 0) {
    const components = { values: new Float32Array(0), count: 0, dimensions };
    return { components, variances: [], totalVariance: 0, positions: new Float32Array(0) };
  }
  const followed = Math.min(wanted + SPARE, count, dimensions);
  const mean = meanRow(rows);
  const totalVariance = varianceAround(rows, mean);
  let directions = orthonormal(randomRows(followed, dimensions));
  let variances: number[] = [];
  for (let pass = 0; pass < options.passes; pass++) {
    const spread = await covarianceTimes(rows, mean, directions, options.pause);
    const turned = turnToEigenvectors(directions, spread);
    variances = turned.variances;
    const rest = largestResidual(turned, wanted);
    directions = rest < TOLERANCE * (variances[0] as number) ? turned.directions : orthonormal(turned.spread);
    if (directions === turned.directions) break;
  }
  const components = { values: directions.values.slice(0, wanted * dimensions), count: wanted, dimensions };
  fixSigns(components);
  const positions = await project(rows, mean, components, options.pause);
  return { components, variances: variances.slice(0, wanted), totalVariance, positions };
}

/** Rows, centered, along directions: [rows, directions]. */
async function project(rows: Matrix, mean: Float64Array, directions: Matrix, pause: Pause): Promise<Float32Array> {
  const positions = new Float32Array(rows.count * directions.count);
  await alongDirections(rows, mean, directions, pause, (row, along, offset) => {
    for (let k = 0; k < directions.count; k++) {
      positions[row * directions.count + k] = along[offset + k] as number;
    }
  });
  return positions;
}

/** For each direction the covariance matrix times it, without ever making the matrix. */
async function covarianceTimes(rows: Matrix, mean: Float64Array, directions: Matrix, pause: Pause) {
  const { values, count, dimensions } = rows;
  const spread = new Float64Array(directions.count * dimensions);
  await alongDirections(rows, mean, directions, pause, (row, along, offset) => {
    const start = row * dimensions;
    for (let k = 0; k < directions.count; k++) {
      const weight = (along[offset + k] as number) / (count - 1);
      const target = k * dimensions;
      for (let d = 0; d < dimensions; d++) {
        spread[target + d] =
          (spread[target + d] as number) + weight * ((values[start + d] as number) - (mean[d] as number));
      }
    }
  });
  return spread;
}

/** Calls `each` with where a row's products with the directions, the mean's taken off, begin. */
async function alongDirections(
  rows: Matrix,
  mean: Float64Array,
  directions: Matrix,
  pause: Pause,
  each: (row: number, along: Float64Array, offset: number) => void,
): Promise<void> {
  const all = { from: 0, to: directions.count };
  const stride = productsStride(directions.count);
  const along = new Float64Array(productsLength(ROWS_AT_ONCE, directions.count));
  const ofMean = new Float64Array(directions.count);
  for (let k = 0; k < directions.count; k++) {
    for (let d = 0; d < rows.dimensions; d++) {
      ofMean[k] = (ofMean[k] as number) + (mean[d] as number) * (directions.values[k * rows.dimensions + d] as number);
    }
  }
  for (let from = 0; from < rows.count; from += ROWS_AT_ONCE) {
    const to = Math.min(from + ROWS_AT_ONCE, rows.count);
    dotProducts(rows, { from, to }, directions, all, along);
    for (let row = from; row < to; row++) {
      const offset = (row - from) * stride;
      for (let k = 0; k < directions.count; k++)
        along[offset + k] = (along[offset + k] as number) - (ofMean[k] as number);
      each(row, along, offset);
    }
    await pause();
  }
}

/** The same subspace, in the directions that the covariance only stretches (Rayleigh–Ritz). */
function turnToEigenvectors(directions: Matrix, spread: Float64Array) {
  const { count, dimensions, values } = directions;
  const small = Array.from({ length: count }, (_, i) =>
    Array.from({ length: count }, (_, j) => {
      let sum = 0;
      for (let d = 0; d < dimensions; d++) {
        sum += (values[i * dimensions + d] as number) * (spread[j * dimensions + d] as number);
      }
      return sum;
    }),
  );
  const { values: variances, vectors } = eigenvectors(small);
  const turn = (from: ArrayLike<number>) => {
    const turned = new Float64Array(count * dimensions);
    vectors.forEach((vector, i) => {
      vector.forEach((weight, j) => {
        for (let d = 0; d < dimensions; d++) {
          turned[i * dimensions + d] =
            (turned[i * dimensions + d] as number) + weight * (from[j * dimensions + d] as number);
        }
      });
    });
    return turned;
  };
  return {
    variances,
    directions: { values: Float32Array.from(turn(values)), count, dimensions },
    spread: { values: turn(spread), count, dimensions },
  };
}

/** How far the covariance turns the first directions away from themselves. */
function largestResidual(turned: ReturnType<typeof turnToEigenvectors>, wanted: number): number {
  const { directions, spread, variances } = turned;
  let largest = 0;
  for (let i = 0; i < wanted; i++) {
    let squares = 0;
    for (let at = i * directions.dimensions; at < (i + 1) * directions.dimensions; at++) {
      squares += ((spread.values[at] as number) - (variances[i] as number) * (directions.values[at] as number)) ** 2;
    }
    largest = Math.max(largest, Math.sqrt(squares));
  }
  return largest;
}

/** Gram–Schmidt, twice, which is as exact as it gets. A row that is a mix of those before it becomes zero. */
function orthonormal({
  values,
  count,
  dimensions,
}: {
  values: Float64Array;
  count: number;
  dimensions: number;
}): Matrix {
  const rows = Array.from({ length: count }, (_, i) => values.subarray(i * dimensions, (i + 1) * dimensions));
  for (const [i, row] of rows.entries()) {
    const before = norm(row);
    for (let twice = 0; twice < 2; twice++) {
      for (const other of rows.slice(0, i)) {
        let along = 0;
        for (let d = 0; d < dimensions; d++) along += (row[d] as number) * (other[d] as number);
        for (let d = 0; d < dimensions; d++) row[d] = (row[d] as number) - along * (other[d] as number);
      }
    }
    const length = norm(row);
    const scale = length > 1e-10 * before ? 1 / length : 0;
    for (let d = 0; d < dimensions; d++) row[d] = (row[d] as number) * scale;
  }
  return { values: Float32Array.from(values), count, dimensions };
}

function norm(row: Float64Array): number {
  return Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
}

function randomRows(count: number, dimensions: number) {
  const random = seededRandom(SEED);
  return { values: Float64Array.from({ length: count * dimensions }, () => random() - 0.5), count, dimensions };
}

function meanRow({ values, count, dimensions }: Matrix): Float64Array {
  const mean = new Float64Array(dimensions);
  for (let row = 0; row < count; row++) {
    for (let d = 0; d < dimensions; d++)
      mean[d] = (mean[d] as number) + (values[row * dimensions + d] as number) / count;
  }
  return mean;
}

function varianceAround({ values, count, dimensions }: Matrix, mean: Float64Array): number {
  let squares = 0;
  for (let row = 0; row < count; row++) {
    for (let d = 0; d < dimensions; d++) {
      squares += ((values[row * dimensions + d] as number) - (mean[d] as number)) ** 2;
    }
  }
  return squares / Math.max(1, count - 1);
}

/** An eigenvector times −1 is one, too: which of the two is shown must not depend on chance. */
function fixSigns({ values, count, dimensions }: Matrix): void {
  for (let i = 0; i < count; i++) {
    const row = values.subarray(i * dimensions, (i + 1) * dimensions);
    const farthest = row.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    if (farthest < 0) for (let d = 0; d < dimensions; d++) row[d] = -(row[d] as number);
  }
}
