import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { partBesideQueries } from '../../src/batching/batch-meter.ts';

/** Batches of these tokens that take a set time each, and some for every token. */
function curveOf(sizes: readonly number[], { fixed, perToken }: { fixed: number; perToken: number }) {
  return sizes.map((tokens) => ({ tokens, milliseconds: fixed + tokens * perToken }));
}

const SIZES = [256, 512, 1_024, 2_048];

describe('partBesideQueries()', () => {
  it('is the smallest batch that has four fifths of the pace and takes two and a half milliseconds', () => {
    const curve = curveOf(SIZES, { fixed: 0.5, perToken: 0.006 });
    assert.equal(partBesideQueries(curve, 1_024), 0.5, 'a quarter of it is over in two');
    assert.equal(partBesideQueries(curve, 512), 1);
    assert.equal(partBesideQueries(curveOf(SIZES, { fixed: 1, perToken: 0.006 }), 1_024), 0.5);
    assert.equal(partBesideQueries(curveOf(SIZES, { fixed: 2.5, perToken: 0.006 }), 1_024), 1, 'half has 0.78 of it');
  });

  it('is all of it where a smaller one is slower, as on a GPU', () => {
    assert.equal(partBesideQueries(curveOf(SIZES, { fixed: 6, perToken: 0.007 }), 2_048), 1);
  });

  it('is all of it where nothing was measured', () => {
    assert.equal(partBesideQueries([], 256), 1);
    assert.equal(partBesideQueries(curveOf([512], { fixed: 0, perToken: 1 }), 256), 1);
  });

  it('is never less than what a quick batch is filled to', () => {
    assert.equal(partBesideQueries(curveOf(SIZES, { fixed: 0, perToken: 0.1 }), 16_384), 0.25);
  });

  it('looks at no batch beyond the budget', () => {
    const curve = [...curveOf(SIZES, { fixed: 0.1, perToken: 0.01 }), { tokens: 4_096, milliseconds: 20 }];
    assert.equal(partBesideQueries(curve, 2_048), 0.25);
  });
});
