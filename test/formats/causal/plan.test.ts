import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toBatch } from '../../../src/engine/protocol.ts';
import { type PackedPlan, planPackedBatch } from '../../../src/formats/causal/plan.ts';

const VOCABULARY = 6;
// Few tokens and short sequences: shared prefixes, prefixes of each other and duplicates come up all the time.
const sequences = fc.array(fc.array(fc.nat(VOCABULARY - 1), { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 12,
});

function plan(batch: number[][]): PackedPlan {
  const { tokenIds, offsets } = toBatch(batch);
  return planPackedBatch(tokenIds, offsets, VOCABULARY);
}

function distinctPrefixes(batch: number[][]): Set<string> {
  return new Set(batch.flatMap((sequence) => sequence.map((_, i) => sequence.slice(0, i + 1).join())));
}

describe('planPackedBatch', () => {
  it('lets every slot of a sequence read back its token', () => {
    fc.assert(
      fc.property(sequences, (batch) => {
        const { padIndex, tokenIds, slots } = plan(batch);
        for (const [b, sequence] of batch.entries()) {
          const read = sequence.map((_, s) => tokenIds[padIndex[b * slots + s] as number]);
          assert.deepEqual(read, sequence);
        }
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it('shares a row exactly between equal prefixes: same history, same row; other history, other row', () => {
    fc.assert(
      fc.property(sequences, (batch) => {
        const { padIndex, slots } = plan(batch);
        const rowOfPrefix = new Map<string, number>();
        const prefixOfRow = new Map<number, string>();
        for (const [b, sequence] of batch.entries()) {
          for (const s of sequence.keys()) {
            const prefix = sequence.slice(0, s + 1).join();
            const row = padIndex[b * slots + s] as number;
            assert.equal(rowOfPrefix.get(prefix) ?? row, row);
            assert.equal(prefixOfRow.get(row) ?? prefix, prefix);
            rowOfPrefix.set(prefix, row);
            prefixOfRow.set(row, prefix);
          }
        }
      }),
      { seed: 2, numRuns: 2_000 },
    );
  });

  it('has one row for each distinct prefix and no other', () => {
    fc.assert(
      fc.property(sequences, (batch) => {
        assert.equal(plan(batch).tokenIds.length, distinctPrefixes(batch).size);
      }),
      { seed: 3, numRuns: 2_000 },
    );
  });

  it('points each row at a slot inside a sequence that holds it, and each sequence at its last token', () => {
    fc.assert(
      fc.property(sequences, (batch) => {
        const { padIndex, packIndex, slots, lengths, lastRow, lastSlot, batchSize } = plan(batch);
        assert.equal(batchSize, batch.length);
        for (const [row, slot] of packIndex.entries()) {
          assert.equal(padIndex[slot], row);
          assert.ok(slot % slots < (lengths[Math.floor(slot / slots)] as number), 'not a padding slot');
        }
        for (const [b, sequence] of batch.entries()) {
          assert.equal(lengths[b], sequence.length);
          assert.equal(lastSlot[b], b * slots + sequence.length - 1);
          assert.equal(lastRow[b], padIndex[lastSlot[b] as number]);
          const unused = padIndex.subarray(b * slots + sequence.length, (b + 1) * slots);
          assert.ok(
            unused.every((row) => row === padIndex[b * slots]),
            'slots past the end are its own',
          );
        }
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });

  it('refuses an empty sequence', () => {
    assert.throws(() => plan([[1], []]), /sequence 1 of the batch is empty/);
  });
});
