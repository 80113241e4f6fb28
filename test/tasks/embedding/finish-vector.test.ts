import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HotvecError } from '../../../src/errors.ts';
import { finishVector, finishVectors, type Normalization } from '../../../src/tasks/embedding/finish-vector.ts';
import { InputFailures } from '../../../src/tasks/input-failures.ts';

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

describe('finishVectors()', () => {
  const rows = [Float32Array.of(0, 0, 0), Float32Array.of(3, 4, 12), new Float32Array(0)];
  const inputs = rows.map((_, position) => ({ position }));
  const finish = (allowsZeros: boolean, failures: InputFailures, normalization: Normalization = 'after_cut') =>
    finishVectors(rows, inputs, { dimensions: 2, normalization, allowsZeros }, failures);

  it('gives zeros for rows of zeros, and for those that there was nothing to compute of, if they are wanted', async () => {
    for (const normalization of ['after_cut', 'before_cut', 'none'] as const) {
      const vectors = await finish(true, new InputFailures('fail'), normalization);
      assert.deepEqual([vectors[0], vectors[2]], [new Float32Array(2), new Float32Array(2)]);
      assert.ok((vectors[1] as Float32Array)[0] !== 0);
    }
  });

  it('fails them otherwise', async () => {
    const failures = new InputFailures('partial');
    const vectors = await finishVectors(
      rows.slice(0, 2),
      inputs.slice(0, 2),
      { dimensions: 2, normalization: 'none', allowsZeros: false },
      failures,
    );
    assert.deepEqual([vectors.length, failures.byPosition.get(0)?.code], [1, 'non_finite_output']);
  });

  it('fails rows that are not finite, whether or not zeros are wanted', async () => {
    const failures = new InputFailures('partial');
    const bad = [Float32Array.of(0, Number.NaN, 0)];
    await finishVectors(bad, [{ position: 0 }], { dimensions: 2, normalization: 'none', allowsZeros: true }, failures);
    assert.equal(failures.byPosition.get(0)?.code, 'non_finite_output');
  });
});
