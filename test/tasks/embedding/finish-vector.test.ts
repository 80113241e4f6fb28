import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HotvecError } from '../../../src/errors.ts';
import { finishVector } from '../../../src/tasks/embedding/finish-vector.ts';

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
    assert.deepEqual(Array.from(finishVector(Float32Array.of(3, 4, 12), 2, 'after_cut')), [
      Math.fround(0.6),
      Math.fround(0.8),
    ]);
    assert.deepEqual(Array.from(finishVector(Float32Array.of(3, 4, 12), 3, 'none')), [3, 4, 12]);
  });

  it('normalizes first and then cuts, where the model does', () => {
    assert.deepEqual(Array.from(finishVector(Float32Array.of(3, 4, 12), 2, 'before_cut')), [
      Math.fround(3 / 13),
      Math.fround(4 / 13),
    ]);
  });

  it('refuses a vector of zeros that a cut leaves of a sound row', () => {
    for (const normalization of ['after_cut', 'before_cut', 'none'] as const) {
      assert.equal(
        code(() => finishVector(Float32Array.of(0, 0, 1), 2, normalization)),
        'non_finite_output',
      );
    }
  });

  it('does not write into the batch it was given a view of', () => {
    const row = Float32Array.of(3, 4);
    finishVector(row, 2, 'after_cut');
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
      for (const normalization of ['after_cut', 'before_cut', 'none'] as const) {
        const found = code(() => finishVector(Float32Array.from(bad), 2, normalization));
        // Two large finite numbers have a direction: squares are summed in double precision.
        assert.equal(found, bad[0] === 3e38 ? 'none' : 'non_finite_output', String(bad));
      }
    }
  });

  it('refuses a row that is too short', () => {
    assert.throws(() => finishVector(Float32Array.of(1), 2, 'after_cut'), RangeError);
  });
});
