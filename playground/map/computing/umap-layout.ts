import { UMAP } from 'umap-js';
import type { Neighbors } from './nearest-neighbors.ts';
import { seededRandom } from './seeded-random.ts';

const SEED = 4;
const MIN_DIST = 0.1;
/** Equal texts have a distance of nothing, for which UMAP would take the mean of all distances, over and over. */
const LEAST_DISTANCE = 1e-6;
/** As the reference implementation spreads what it starts from: farthest value, and noise that parts points of one place. */
const START_EXTENT = 10;
const START_NOISE = 1e-3;

export interface UmapEpoch {
  /** Epochs done. */
  epoch: number;
  /** [count, 2]; as it is then. */
  positions: () => Float32Array;
}

/**
 * UMAP of texts whose neighbors are known, epoch by epoch; the same for the same neighbors and start.
 * @param start [count, 2] where the points begin: with the principal components the map as a whole comes out as there.
 */
export function* umapEpochs(graph: Neighbors, start: Float32Array, epochs: number): Generator<UmapEpoch> {
  const { each } = graph;
  const count = start.length / 2;
  const random = seededRandom(SEED);
  const umap = new UMAP({ nNeighbors: each, nEpochs: epochs, minDist: MIN_DIST, random });
  const rows = Array.from({ length: count }, (_, row) => row);
  umap.setPrecomputedKNN(
    rows.map((row) => [row, ...graph.indices.subarray(row * each, (row + 1) * each)]),
    rows.map((row) => [0, ...Array.from(graph.similarities.subarray(row * each, (row + 1) * each), distance)]),
  );
  // The rows themselves are asked for neighbors only, and these are given.
  umap.initializeFit(rows.map(() => []));
  const points = umap.getEmbedding();
  const scale = START_EXTENT / start.reduce((farthest, value) => Math.max(farthest, Math.abs(value)), 1e-12);
  points.forEach((point, row) => {
    point[0] = (start[2 * row] as number) * scale + random() * START_NOISE;
    point[1] = (start[2 * row + 1] as number) * scale + random() * START_NOISE;
  });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    umap.step();
    yield { epoch, positions: () => Float32Array.from(points.flat()) };
  }
}

function distance(similarity: number): number {
  return Math.max(1 - similarity, LEAST_DISTANCE);
}
