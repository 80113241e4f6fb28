import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { slopeOf } from './slope-of.ts';

describe('slopeOf()', () => {
  it('is the slope of the line that the points are closest to', () => {
    const line = [0, 1, 2, 5].map((x) => [x, 3 - 2 * x] as const);
    assert.equal(slopeOf(line), -2);
    const scattered = [
      [0, 0],
      [1, 2],
      [2, 1],
    ] as const;
    assert.equal(slopeOf(scattered), 0.5);
    assert.ok(Number.isNaN(slopeOf([[1, 1]])));
  });
});
