import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_BYTES_PER_INTEGER, writeInteger } from '../../../src/http/answers/integer-writer.ts';

function written(value: number): string {
  const bytes = Buffer.alloc(MAX_BYTES_PER_INTEGER + 2, '#');
  const end = writeInteger(bytes, 1, value);
  assert.ok(end - 1 < MAX_BYTES_PER_INTEGER);
  assert.equal(bytes.toString('latin1', end), '#'.repeat(bytes.length - end));
  return bytes.toString('latin1', 1, end);
}

describe('writeInteger()', () => {
  it('writes every int8 and uint8, the powers of ten and their neighbors, and the ends of int32', () => {
    const powers = Array.from({ length: 10 }, (_, i) => 10 ** i);
    const values = [
      ...Array.from({ length: 384 }, (_, i) => i - 128),
      ...powers.flatMap((power) => [power - 1, power, -power, 1 - power]).map((value) => value | 0),
      2 ** 31 - 1,
      -(2 ** 31),
    ];
    for (const value of values) assert.equal(written(value), String(value));
  });

  it('writes any int32', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => assert.equal(written(value), String(value))),
      { numRuns: 2_000, seed: 20_261_125 },
    );
  });
});
