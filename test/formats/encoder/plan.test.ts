import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toBatch } from '../../../src/engine/protocol.ts';
import { positionsAfterPadding } from '../../../src/formats/encoder/plan.ts';

describe('positionsAfterPadding()', () => {
  it('begins after the padding token in every sequence, and counts none for it inside a text', () => {
    const sequences = [[5, 1, 6, 1, 1, 7, 8], [1], [9, 9, 3], [1, 4]];
    // create_position_ids_from_input_ids of transformers 5.24.0, each sequence alone.
    const positions = [[2, 1, 3, 1, 1, 4, 5], [1], [2, 3, 4], [1, 2]];
    assert.deepEqual([...positionsAfterPadding(toBatch(sequences), 1)], positions.flat());
  });

  it('begins at 1 where padding is token 0', () => {
    assert.deepEqual([...positionsAfterPadding(toBatch([[7, 0, 7]]), 0)], [1, 0, 2]);
  });
});
