import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finishVector } from '../../src/embedding/finish-vector.ts';
import type { HotvecError } from '../../src/errors.ts';

const code = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return (error as HotvecError).code;
  }
  return 'none';
};

describe('finishVector()', () => {
  it('slices first, then normalizes', () => {
    assert.deepEqual(Array.from(finishVector(Float32Array.of(3, 4, 12), 2, true)), [
      Math.fround(0.6),
      Math.fround(0.8),
    ]);
    assert.deepEqual(Array.from(finishVector(Float32Array.of(3, 4, 12), 3, false)), [3, 4, 12]);
  });

  it('does not write into the batch it was given a view of', () => {
    const row = Float32Array.of(3, 4);
    finishVector(row, 2, true);
    assert.deepEqual(Array.from(row), [3, 4]);
  });

  it('refuses NaN, infinities, zeros and near-zeros, normalized or not', () => {
    for (const bad of [
      [Number.NaN, 1],
      [1, Number.POSITIVE_INFINITY],
      [0, 0],
      [1e-7, 1e-7],
      [3e38, 3e38, 3e38].slice(0, 2),
    ]) {
      for (const normalize of [true, false]) {
        const found = code(() => finishVector(Float32Array.from(bad), 2, normalize));
        // Two large finite numbers have a direction: squares are summed in double precision.
        assert.equal(found, bad[0] === 3e38 ? 'none' : 'non_finite_output', String(bad));
      }
    }
  });

  it('refuses a row that is too short', () => {
    assert.throws(() => finishVector(Float32Array.of(1), 2, true), RangeError);
  });
});
