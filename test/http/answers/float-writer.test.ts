import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_BYTES_PER_FLOAT, writeFloat } from '../../../src/http/answers/float-writer.ts';
import { extent } from '../../soak/extent.ts';

const view = new DataView(new ArrayBuffer(4));
function fromBits(bits: number): number {
  view.setUint32(0, bits >>> 0);
  return view.getFloat32(0);
}
function toBits(value: number): number {
  view.setFloat32(0, value);
  return view.getUint32(0);
}

const GUARD = 0xaa;
function written(value: number): string {
  const buffer = Buffer.alloc(MAX_BYTES_PER_FLOAT + 16, GUARD);
  const end = writeFloat(buffer, 5, value);
  assert.ok(end - 5 <= MAX_BYTES_PER_FLOAT, `${value} takes ${end - 5} bytes`);
  assert.ok(buffer.subarray(0, 5).every((byte) => byte === GUARD));
  assert.ok(buffer.subarray(5 + MAX_BYTES_PER_FLOAT).every((byte) => byte === GUARD));
  return buffer.toString('latin1', 5, end);
}

const RUNS = extent(50_000, 200_000);

function assertRoundTrip(value: number): void {
  const text = written(value);
  const back = Math.fround(JSON.parse(text) as number);
  assert.ok(Object.is(back, value), `${value} is written ${text} and read ${back}`);
}

describe('writeFloat()', () => {
  it(`gives back any finite float32: ${RUNS} random bit patterns`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (bits) => {
        const value = fromBits(bits);
        fc.pre(Number.isFinite(value));
        assertRoundTrip(value);
      }),
      { numRuns: RUNS, seed: 20_260_101 },
    );
  });

  it(`gives back components as models make them: ${RUNS} numbers in [−1, 1]`, () => {
    fc.assert(fc.property(fc.float({ min: -1, max: 1, noNaN: true }), assertRoundTrip), {
      numRuns: RUNS,
      seed: 20_260_102,
    });
  });

  it('gives back subnormals', () => {
    for (let bit = 0; bit < 23; bit++) for (const offset of [-1, 0, 1]) assertRoundTrip(fromBits(2 ** bit + offset));
    assertRoundTrip(fromBits(0x007fffff));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fffff }), (bits) => assertRoundTrip(-fromBits(bits))),
      { numRuns: 20_000, seed: 20_260_103 },
    );
  });

  it('gives back every power of ten and of two, and their neighbors', () => {
    const powers = [
      ...Array.from({ length: 84 }, (_, i) => 10 ** (i - 45)),
      ...Array.from({ length: 277 }, (_, i) => 2 ** (i - 149)),
    ];
    for (const power of powers.map(Math.fround).filter((one) => one > 0 && Number.isFinite(one))) {
      for (const step of [-3, -2, -1, 0, 1, 2, 3]) {
        const value = fromBits(Math.max(0, toBits(power) + step));
        if (!Number.isFinite(value)) continue;
        assertRoundTrip(value);
        assertRoundTrip(-value);
      }
    }
  });

  it('gives back numbers whose nine digits round up to a longer one', () => {
    for (const digits of ['9.99999999', '9.999999995', '0.999999995', '0.0999999995', '99999999.5', '9.9999999e-8']) {
      for (let step = -4; step <= 4; step++) assertRoundTrip(fromBits(toBits(Number(digits)) + step));
    }
  });

  it('gives back zero with its sign, integers and the largest number', () => {
    assert.equal(written(0), '0');
    assert.equal(written(-0), '-0');
    for (const value of [1, -1, 10, 100, 16_777_216, 99_999_992, 100_000_000, 3.4028234663852886e38]) {
      assertRoundTrip(value);
      assertRoundTrip(-value);
    }
    assert.equal(written(100), '100');
    assert.equal(written(-0.5), '-0.5');
    assert.equal(written(Math.fround(0.1)), '0.100000001');
    // Rounded, not cut off: 0.300000011920929, 1.2345677614212036, 12345.6787109375.
    assert.deepEqual([0.3, 1.2345678, 12345.6789].map(Math.fround).map(written), [
      '0.300000012',
      '1.23456776',
      '12345.6787',
    ]);
    assert.equal(written(Math.fround(-0.003)), '-0.00300000003');
    assert.equal(written(Math.fround(0.7)), '0.699999988');
  });
});
