import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { closestRows } from '../../playground/map/computing/closest-rows.ts';
import { kMeans } from '../../playground/map/computing/k-means.ts';
import type { Matrix } from '../../playground/map/computing/matrix.ts';
import { nearestNeighbors } from '../../playground/map/computing/nearest-neighbors.ts';
import {
  AFFORDABLE_MULTIPLICATIONS as affordable,
  comparedDimensions,
  neighborGraph,
} from '../../playground/map/computing/neighbor-graph.ts';
import { principalComponents } from '../../playground/map/computing/principal-components.ts';
import { seededRandom } from '../../playground/map/computing/seeded-random.ts';
import { umapEpochs } from '../../playground/map/computing/umap-layout.ts';
import { umapPlan } from '../../playground/map/computing/umap-plan.ts';
import { packageRoot } from '../../src/package-info.ts';

const PASSES = 200;
const pause = async () => {};

/** Unit vectors around centers that are far from each other: row i belongs to center i % groups. */
function grouped({
  count,
  dimensions,
  groups,
  noise,
}: {
  count: number;
  dimensions: number;
  groups: number;
  noise: number;
}) {
  const random = seededRandom(7);
  const normal = () => random() + random() + random() - 1.5;
  const centers = Array.from({ length: groups * dimensions }, normal);
  const values = new Float32Array(count * dimensions);
  for (let row = 0; row < count; row++) {
    const own = values.subarray(row * dimensions, (row + 1) * dimensions);
    for (let d = 0; d < dimensions; d++)
      own[d] = (centers[(row % groups) * dimensions + d] as number) + noise * normal();
    const length = Math.hypot(...own);
    for (let d = 0; d < dimensions; d++) own[d] = (own[d] as number) / length;
  }
  return { values, count, dimensions };
}

/** One after the other, and sorted: what the blocked products must agree with, to the bit. */
function neighborsByDefinition({ values, count, dimensions }: Matrix, row: number, each: number) {
  const similarity = (other: number) => {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) {
      sum += (values[row * dimensions + d] as number) * (values[other * dimensions + d] as number);
    }
    return sum;
  };
  return Array.from({ length: count }, (_, other) => ({ other, similarity: similarity(other) }))
    .filter(({ other }) => other !== row)
    .sort((a, b) => b.similarity - a.similarity || a.other - b.other)
    .slice(0, each);
}

describe('principalComponents', () => {
  const folder = path.join(packageRoot, 'test/fixtures/principal-components');
  const numpy = JSON.parse(readFileSync(path.join(folder, 'rows.json'), 'utf8')) as {
    count: number;
    dimensions: number;
    total_variance: number;
  } & Record<'rows' | 'components' | 'variances' | 'positions', number[]>;
  const rows = { values: Float32Array.from(numpy.rows), count: numpy.count, dimensions: numpy.dimensions };
  const close = (found: ArrayLike<number>, expected: readonly number[]) => {
    assert.equal(found.length, expected.length);
    expected.forEach((value, i) => {
      assert.ok(Math.abs((found[i] as number) - value) < 1e-5, `${i}: ${found[i]}, not ${value}`);
    });
  };

  it("finds what NumPy's singular value decomposition finds, with the same signs", async () => {
    const found = await principalComponents(rows, { components: 3, passes: PASSES, pause });
    close(found.variances, numpy.variances);
    close([found.totalVariance], [numpy.total_variance]);
    close(found.components.values, numpy.components);
    close(found.positions, numpy.positions);
  });

  it('finds the same, to the bit, each time', async () => {
    const options = { components: 2, passes: PASSES, pause };
    assert.deepEqual(await principalComponents(rows, options), await principalComponents(rows, options));
  });

  it('leaves directions out that so few rows do not have', async () => {
    const few = (count: number) => ({
      values: rows.values.slice(0, count * rows.dimensions),
      count,
      dimensions: rows.dimensions,
    });
    const options = { components: 2, passes: PASSES, pause };
    assert.equal((await principalComponents(few(1), options)).components.count, 0);
    const two = await principalComponents(few(2), options);
    assert.equal(two.positions.length, 2);
    assert.ok(Math.abs((two.positions[0] as number) + (two.positions[1] as number)) < 1e-6);
  });

  it('puts rows that are all the same at one place', async () => {
    const same = { values: new Float32Array(5 * 8).fill(Math.sqrt(1 / 8)), count: 5, dimensions: 8 };
    const { positions } = await principalComponents(same, { components: 2, passes: PASSES, pause });
    assert.ok(
      positions.every((value) => Math.abs(value) < 1e-6),
      String(positions),
    );
  });
});

describe('Neighbors', () => {
  // Neither count is a multiple of what is computed at once.
  const rows = grouped({ count: 207, dimensions: 31, groups: 9, noise: 0.7 });

  it('are those that all dot products give, to the bit, for every row', async () => {
    const { indices, similarities } = await nearestNeighbors(rows, 11, pause);
    for (let row = 0; row < rows.count; row++) {
      const expected = neighborsByDefinition(rows, row, 11);
      assert.deepEqual(
        [...indices.subarray(row * 11, (row + 1) * 11)],
        expected.map(({ other }) => other),
      );
      assert.deepEqual(
        [...similarities.subarray(row * 11, (row + 1) * 11)],
        expected.map(({ similarity }) => similarity),
      );
    }
  });

  it('of one row are the same as among those of all rows', async () => {
    const { indices, similarities } = await nearestNeighbors(rows, 11, pause);
    for (const row of [0, 1, 100, 206]) {
      const one = closestRows(rows, row, 11);
      assert.deepEqual(one.indices, indices.slice(row * 11, (row + 1) * 11));
      assert.deepEqual(one.similarities, similarities.slice(row * 11, (row + 1) * 11));
    }
  });

  it('that are equally near come by their number', () => {
    const same = { values: new Float32Array(6 * 4).fill(0.5), count: 6, dimensions: 4 };
    assert.deepEqual([...closestRows(same, 3, 10).indices], [0, 1, 2, 4, 5]);
    assert.deepEqual([...closestRows({ ...same, count: 1 }, 0, 10).indices], []);
  });

  it('are compared in all dimensions for some thousand rows, and in fewer for more', () => {
    assert.equal(comparedDimensions({ count: 5000, dimensions: 1024 }), 1024);
    assert.equal(comparedDimensions({ count: 20_000, dimensions: 1024 }), 80);
    assert.equal(comparedDimensions({ count: 20_000, dimensions: 64 }), 64);
  });

  it('of more rows than are affordable are nearly all found, with their products in all dimensions', async () => {
    const many = grouped({ count: 1200, dimensions: 96, groups: 30, noise: 1 });
    const enough = 48 * (many.count ** 2 / 2);
    assert.equal(comparedDimensions(many, enough), 48);
    const { indices, similarities } = await neighborGraph(many, { each: 10, affordable: enough, pause });
    let found = 0;
    for (let row = 0; row < many.count; row += 40) {
      const expected = new Map(
        neighborsByDefinition(many, row, 10).map(({ other, similarity }) => [other, similarity]),
      );
      for (let place = row * 10; place < (row + 1) * 10; place++) {
        const similarity = expected.get(indices[place] as number);
        if (similarity === undefined) continue;
        found++;
        assert.equal(similarities[place], similarity);
      }
    }
    assert.ok(found > 0.95 * 300, `${found} of 300`);
  });
});

describe('kMeans', () => {
  const rows = grouped({ count: 203, dimensions: 24, groups: 5, noise: 0.3 });

  it('finds groups that are far apart', async () => {
    const { clusterOf, sizes } = await kMeans(rows, 5, pause);
    assert.deepEqual(sizes, [41, 41, 41, 40, 40]);
    for (let row = 0; row < rows.count; row++) assert.equal(clusterOf[row], clusterOf[row % 5], `row ${row}`);
  });

  it('leaves every row with the center it is most like', async () => {
    const { clusterOf, sizes, central } = await kMeans(rows, 8, pause);
    const centers = sizes.map((_, cluster) => {
      const sum = new Array<number>(rows.dimensions).fill(0);
      clusterOf.forEach((other, row) => {
        if (other === cluster) {
          for (let d = 0; d < rows.dimensions; d++)
            sum[d] = (sum[d] as number) + (rows.values[row * rows.dimensions + d] as number);
        }
      });
      const length = Math.hypot(...sum);
      return sum.map((value) => value / length);
    });
    const likeness = (row: number, center: readonly number[]) =>
      center.reduce((sum, value, d) => sum + value * (rows.values[row * rows.dimensions + d] as number), 0);
    for (let row = 0; row < rows.count; row++) {
      const own = likeness(row, centers[clusterOf[row] as number] as number[]);
      for (const center of centers) assert.ok(likeness(row, center) <= own + 1e-6, `row ${row}`);
    }
    sizes.forEach((size, cluster) => {
      const members = [...clusterOf.keys()].filter((row) => clusterOf[row] === cluster);
      assert.equal(members.length, size);
      const best = Math.max(...members.map((row) => likeness(row, centers[cluster] as number[])));
      assert.ok(best - likeness(central[cluster] as number, centers[cluster] as number[]) < 1e-6, `cluster ${cluster}`);
    });
    assert.deepEqual(
      [...sizes].sort((a, b) => b - a),
      sizes,
    );
  });

  it('finds the same clusters each time, and never more than there are different rows', async () => {
    assert.deepEqual(await kMeans(rows, 7, pause), await kMeans(rows, 7, pause));
    const twice = { values: Float32Array.from([1, 0, 0, 1, 1, 0, 0, 1, 1, 0]), count: 5, dimensions: 2 };
    assert.deepEqual((await kMeans(twice, 4, pause)).sizes, [3, 2]);
  });
});

describe('umapEpochs', () => {
  const rows = grouped({ count: 120, dimensions: 16, groups: 3, noise: 0.3 });
  const layout = async () => {
    const { neighbors } = umapPlan(rows.count);
    const { positions } = await principalComponents(rows, { components: 2, passes: PASSES, pause });
    const epochs = [...umapEpochs(await neighborGraph(rows, { each: neighbors, affordable, pause }), positions, 60)];
    return { epochs: epochs.map(({ epoch }) => epoch), positions: (epochs.at(-1) as (typeof epochs)[0]).positions() };
  };

  it('draws the same map of the same texts, to the bit', async () => {
    assert.deepEqual(await layout(), await layout());
  });

  it('puts texts of a group nearer to each other than to others', async () => {
    const { positions, epochs } = await layout();
    assert.deepEqual([epochs.at(0), epochs.at(-1)], [1, 60]);
    const distance = (a: number, b: number) =>
      Math.hypot(
        (positions[2 * a] as number) - (positions[2 * b] as number),
        (positions[2 * a + 1] as number) - (positions[2 * b + 1] as number),
      );
    for (let row = 0; row < rows.count; row++) {
      let nearest = row === 0 ? 1 : 0;
      for (let other = 0; other < rows.count; other++) {
        if (other !== row && distance(row, other) < distance(row, nearest)) nearest = other;
      }
      assert.equal(nearest % 3, row % 3, `row ${row}`);
    }
  });

  it('draws texts that are all the same', async () => {
    const same = { values: new Float32Array(20 * 4).fill(0.5), count: 20, dimensions: 4 };
    const { neighbors } = umapPlan(same.count);
    const graph = await neighborGraph(same, { each: neighbors, affordable, pause });
    const [last] = [...umapEpochs(graph, new Float32Array(40), 30)].slice(-1);
    assert.ok(last?.positions().every(Number.isFinite));
  });
});
