import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countNeeded } from '../../../src/tasks/reranking/pipeline-reranker.ts';

const ids = (...values: number[]) => Int32Array.from(values);

describe('countNeeded()', () => {
  it('counts once what all pairs of a causal model begin with, and a pair that is there twice', () => {
    const pairs = [ids(1, 2, 3), ids(1, 2, 4, 5), ids(1, 2, 3)];
    assert.equal(countNeeded(pairs, true), 2 + 1 + 2);
    assert.equal(countNeeded(pairs, false), 3 + 4);
    assert.equal(countNeeded([...pairs, ids(9)], true), 3 + 4 + 1);
  });

  it('counts a pair alone whole, one that begins another in it, and nothing of nothing', () => {
    assert.equal(countNeeded([ids(1, 2, 3)], true), 3);
    assert.equal(countNeeded([ids(1, 2), ids(1, 2, 3)], true), 3);
    assert.equal(countNeeded([], true), 0);
  });
});
