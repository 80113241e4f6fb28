import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearest } from '../../playground/search/exact-search.ts';
import { SeededRandom } from '../support/seeded-random.ts';

describe('nearest()', () => {
  const dimensions = 35;
  const rows = 500;
  const random = new SeededRandom(7);
  const vectors = Float32Array.from({ length: rows * dimensions }, () => random.next() - 0.5);
  const query = Float32Array.from({ length: dimensions }, () => random.next() - 0.5);
  const score = (row: number) =>
    query.reduce((sum, value, i) => sum + value * (vectors[row * dimensions + i] as number), 0);

  it('finds what sorting all rows finds', () => {
    const without = new Set([3, 77]);
    const expected = Array.from({ length: rows }, (_, row) => row)
      .filter((row) => !without.has(row))
      .sort((a, b) => score(b) - score(a))
      .slice(0, 50);
    const found = nearest({ vectors, dimensions, rows, without }, query, 50);
    assert.deepEqual(
      found.map(({ row }) => row),
      expected,
    );
    for (const { row, score: given } of found) assert.ok(Math.abs(given - score(row)) < 1e-12);
  });

  it('does not see rows that have no vector yet, and none that failed, also where all scores are negative', () => {
    const opposite = Float32Array.from({ length: 3 * dimensions }, (_, i) =>
      i < 2 * dimensions ? -(query[i % dimensions] ?? 0) : 0,
    );
    const searched = { vectors: opposite, dimensions, rows: 2, without: new Set([0]) };
    assert.deepEqual(
      nearest(searched, query, 50).map(({ row }) => row),
      [1],
    );
  });

  it('puts the earlier of equal rows first', () => {
    const equal = Float32Array.from({ length: 4 * dimensions }, (_, i) => query[i % dimensions] ?? 0);
    const found = nearest({ vectors: equal, dimensions, rows: 4, without: new Set() }, query, 2);
    assert.deepEqual(
      found.map(({ row }) => row),
      [0, 1],
    );
  });
});
