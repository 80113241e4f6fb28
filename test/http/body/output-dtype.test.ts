import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkOutputDtype, quantizeVector } from '../../../src/http/body/output-dtype.ts';
import { normalized } from '../../support/difference.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const vector = Float32Array.of(0.5, -0.5, 0.25, -0.25, 0.001, -0.001, 0, -0);

describe('quantizeVector()', () => {
  it('gives int8 in steps of a sixteenth of 1/√n, to the nearest, within ±127', () => {
    const step = 1 / (16 * Math.sqrt(8));
    const steps = [1, -1, 1.4, -1.4, 1.6, 126.4, 127.6, -200];
    assert.deepEqual(
      quantizeVector(
        Float32Array.from(steps, (count) => count * step),
        'int8',
      ),
      Int8Array.of(1, -1, 1, -1, 2, 126, 127, -127),
    );
    // The scale is by the number of components, which cuts with `dimensions`.
    assert.deepEqual(quantizeVector(Float32Array.of(0.6, -0.8), 'int8'), Int8Array.of(14, -18));
  });

  it('gives uint8 as int8 plus 128', () => {
    const int8 = quantizeVector(vector, 'int8');
    assert.deepEqual(
      quantizeVector(vector, 'uint8'),
      Uint8Array.from(int8, (value) => value + 128),
    );
  });

  it('packs signs as packbits does, the first component in the highest bit, zero as 0', () => {
    const sixteen = Float32Array.of(...vector, -1, -1, -1, -1, -1, -1, -1, 1);
    assert.deepEqual(quantizeVector(sixteen, 'ubinary'), Uint8Array.of(0b1010_1000, 0b0000_0001));
    assert.deepEqual(quantizeVector(sixteen, 'binary'), Int8Array.of(0b1010_1000 - 128, 1 - 128));
    const all = Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1);
    assert.deepEqual(quantizeVector(all, 'binary'), Int8Array.of(127));
  });

  it('leaves float as it is, and never writes to the vector', () => {
    const before = vector.slice();
    assert.equal(quantizeVector(vector, 'float'), vector);
    for (const dtype of ['int8', 'uint8', 'binary', 'ubinary'] as const) quantizeVector(vector, dtype);
    assert.deepEqual(vector, before);
  });

  it('keeps the cosine of unit vectors within 0.1 ÷ √n, for n components', () => {
    const random = new SeededRandom(20_261_125);
    const unit = (n: number) =>
      Float32Array.from(normalized(Array.from({ length: n }, () => random.next() + random.next() - 1)));
    for (const n of [32, 256, 1024, 4096]) {
      const [a, b] = [unit(n), unit(n)];
      const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
        Array.from(x).reduce((sum, value, i) => sum + value * (y[i] as number), 0);
      const scaled = dot(quantizeVector(a, 'int8'), quantizeVector(b, 'int8')) / (256 * n);
      assert.ok(Math.abs(scaled - dot(a, b)) < 0.1 / Math.sqrt(n), `${n}: ${scaled} for ${dot(a, b)}`);
    }
  });
});

describe('checkOutputDtype()', () => {
  it('wants whole bytes of bits, and a length of 1 where there is a scale', () => {
    for (const dtype of ['binary', 'ubinary'] as const) {
      assert.throws(() => checkOutputDtype(dtype, 100, true), { code: 'invalid_dimensions', param: 'dimensions' });
      checkOutputDtype(dtype, 96, false);
    }
    for (const dtype of ['int8', 'uint8'] as const) {
      assert.throws(() => checkOutputDtype(dtype, 96, false), { code: 'invalid_input', param: 'normalize' });
      checkOutputDtype(dtype, 100, true);
    }
    checkOutputDtype('float', 100, false);
  });
});
