import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toBatch } from '../../../src/engine/protocol.ts';
import { paddedView } from '../../../src/formats/causal/padded-view.ts';
import { planPackedBatch } from '../../../src/formats/causal/plan.ts';
import { withSharedPrefixes } from './sequences-with-shared-prefixes.ts';

describe('paddedView()', () => {
  it('has each sequence in slots of its own, an even number, and points those past its end at its first row', () => {
    fc.assert(
      fc.property(withSharedPrefixes, ({ sequences, kept }) => {
        const { tokenIds, offsets } = toBatch(sequences);
        const plan = planPackedBatch(tokenIds, offsets, undefined, kept);
        const { slots, padIndex, queryPadIndex } = paddedView(plan);
        assert.equal(slots % 2, 0);
        const known = [...kept, ...plan.tokenIds];
        for (const [b, sequence] of sequences.entries()) {
          const rows = padIndex.subarray(b * slots, (b + 1) * slots);
          assert.deepEqual(
            Array.from(rows.subarray(0, sequence.length), (row) => known[row]),
            sequence,
          );
          assert.ok(rows.subarray(sequence.length).every((row) => row === rows[0]));
        }
        for (const [slot, row] of padIndex.entries()) {
          assert.equal(queryPadIndex[slot], row < kept.length ? 0 : row - kept.length);
        }
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it('points each packed row at a slot that holds it, before the end of a sequence', () => {
    fc.assert(
      fc.property(withSharedPrefixes, ({ sequences, kept }) => {
        const { tokenIds, offsets } = toBatch(sequences);
        const plan = planPackedBatch(tokenIds, offsets, undefined, kept);
        const { slots, padIndex, packIndex } = paddedView(plan);
        assert.equal(packIndex.length, plan.tokenIds.length);
        for (const [row, slot] of packIndex.entries()) {
          assert.equal(padIndex[slot], kept.length + row);
          assert.ok(slot % slots < (plan.lengths[Math.floor(slot / slots)] as number), 'not past an end');
        }
      }),
      { seed: 2, numRuns: 1_000 },
    );
  });
});
