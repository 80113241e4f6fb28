import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toBatch } from '../../../src/engine/protocol.ts';
import { type PackedPlan, planPackedBatch, positionsOf } from '../../../src/formats/causal/plan.ts';

const VOCABULARY = 6;
// Few tokens and short sequences: shared prefixes, prefixes of each other and duplicates come up all the time.
const sequences = fc.array(fc.array(fc.nat(VOCABULARY - 1), { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 12,
});

function plan(batch: number[][]): PackedPlan {
  const { tokenIds, offsets } = toBatch(batch);
  return planPackedBatch(tokenIds, offsets);
}

function distinctPrefixes(batch: number[][]): Set<string> {
  return new Set(batch.flatMap((sequence) => sequence.map((_, i) => sequence.slice(0, i + 1).join())));
}

/** Rows of each sequence's tokens. */
function rowsOf({ rows }: PackedPlan, batch: number[][]): Int32Array[] {
  let end = 0;
  return batch.map(({ length }) => {
    end += length;
    return rows.subarray(end - length, end);
  });
}

describe('planPackedBatch', () => {
  it('lets every token read back its id', () => {
    fc.assert(
      fc.property(sequences, (batch) => {
        const planned = plan(batch);
        const read = rowsOf(planned, batch).map((rows) => Array.from(rows, (row) => planned.tokenIds[row]));
        assert.deepEqual(read, batch);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it('shares a row exactly between equal prefixes: same history, same row; other history, other row', () => {
    fc.assert(
      fc.property(sequences, (batch) => {
        const rows = rowsOf(plan(batch), batch);
        const rowOfPrefix = new Map<string, number>();
        const prefixOfRow = new Map<number, string>();
        for (const [b, sequence] of batch.entries()) {
          for (const s of sequence.keys()) {
            const prefix = sequence.slice(0, s + 1).join();
            const row = rows[b]?.[s] as number;
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

  it('knows the position of each row, and the row of each sequence that is answered', () => {
    fc.assert(
      fc.property(sequences, (batch) => {
        const planned = plan(batch);
        const positions = positionsOf(planned);
        assert.deepEqual(
          Array.from(planned.lengths),
          batch.map(({ length }) => length),
        );
        for (const [b, rows] of rowsOf(planned, batch).entries()) {
          assert.deepEqual(
            Array.from(rows, (row) => positions[row]),
            Array.from(rows.keys()),
          );
          assert.equal(planned.lastRow[b], rows.at(-1));
        }
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });

  it('refuses an empty sequence', () => {
    assert.throws(() => plan([[1], []]), /sequence 1 of the batch is empty/);
  });
});
