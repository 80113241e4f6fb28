import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toBatch } from '../../../src/engine/protocol.ts';
import { type PackedPlan, planPackedBatch } from '../../../src/formats/causal/plan.ts';
import { GROUPS, LONGEST_IN_BLOCKS, planQueryBlocks } from '../../../src/formats/causal/query-blocks.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { withSharedPrefixes } from './sequences-with-shared-prefixes.ts';

const VOCABULARY = 1_000;

/** A query as attention has it: its packed row, the rows of the keys that it sees, and those of all keys of its block. */
interface Query {
  row: number;
  seen: number[];
  gathered: number[];
}

function plan(sequences: readonly (readonly number[])[], kept = new Int32Array()): PackedPlan {
  const { tokenIds, offsets } = toBatch(sequences.map((sequence) => Int32Array.from(sequence)));
  return planPackedBatch(tokenIds, offsets, undefined, kept);
}

/** The query of each packed row. */
function queriesOf(planned: PackedPlan, isAsked?: Uint8Array): Query[] {
  const { groups, packIndex } = planQueryBlocks(planned, { leastKeys: 1, mostGroups: GROUPS, isAsked });
  const queries = groups.flatMap(({ blockCount, queries, keys, ends }) => {
    const [queryCount, keyCount] = [queries.length / blockCount, keys.length / blockCount];
    return Array.from(queries, (row, slot) => {
      const block = Math.floor(slot / queryCount);
      const gathered = Array.from(keys.subarray(block * keyCount, (block + 1) * keyCount));
      const seenCount = Number(ends[block]) - queryCount + (slot % queryCount) + 1;
      return { row, seen: gathered.slice(0, Math.max(0, seenCount)), gathered };
    });
  });
  return Array.from(packIndex, (slot) => queries[slot] as Query);
}

/** The path of each packed row: the rows of all tokens up to its own. */
function pathsOf({ rows, lengths, keptCount }: PackedPlan): Map<number, number[]> {
  const paths = new Map<number, number[]>();
  let start = 0;
  for (const length of lengths) {
    const path = Array.from(rows.subarray(start, start + length));
    for (const [position, row] of path.entries()) paths.set(row - keptCount, path.slice(0, position + 1));
    start += length;
  }
  return paths;
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

describe('planQueryBlocks()', () => {
  it('lets each row see what is before it on its path, and itself', () => {
    fc.assert(
      fc.property(withSharedPrefixes, ({ sequences, kept }) => {
        const planned = plan(sequences, kept);
        const paths = pathsOf(planned);
        for (const [row, query] of queriesOf(planned).entries()) {
          assert.equal(query.row, row);
          assert.deepEqual(query.seen, paths.get(row));
        }
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it('lets a row that is asked for see the same, and has no others but those between two of a block', () => {
    const asking = fc.tuple(withSharedPrefixes, fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }));
    fc.assert(
      fc.property(asking, ([{ sequences, kept }, pattern]) => {
        const planned = plan(sequences, kept);
        const isAsked = planned.tokenIds.map((_, row) => Number(pattern[row % pattern.length]));
        const asked = Uint8Array.from(isAsked);
        const [all, some] = [queriesOf(planned), queriesOf(planned, asked)];
        for (const [row, query] of all.entries()) {
          if (asked[row] === 1) assert.deepEqual({ row, seen: some[row]?.seen }, { row, seen: query.seen });
        }
        for (const { queries, blockCount } of planQueryBlocks(planned, {
          leastKeys: 1,
          mostGroups: GROUPS,
          isAsked: asked,
        }).groups) {
          const queryCount = queries.length / blockCount;
          for (let first = 0; first < queries.length; first += queryCount) {
            assert.deepEqual(
              [asked[queries[first] as number], asked[queries[first + queryCount - 1] as number]],
              [1, 1],
            );
          }
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it('has one query a sequence where only its last row is asked for', () => {
    const random = new SeededRandom(6);
    const lengths = [1, 2, 30, 64, 65, 300, 1_100];
    const planned = plan(lengths.map((length) => Array.from({ length }, () => random.integer(0, VOCABULARY - 1))));
    const asked = new Uint8Array(planned.tokenIds.length);
    for (const row of planned.lastRow) asked[row] = 1;
    const rows = planQueryBlocks(planned, { leastKeys: 1, mostGroups: GROUPS, isAsked: asked }).groups.flatMap(
      ({ queries }) => [...queries],
    );
    assert.deepEqual(
      [...new Set(rows)].sort((a, b) => a - b),
      [...planned.lastRow].sort((a, b) => a - b),
    );
    assert.ok(rows.length <= 2 * lengths.length);
  });

  it('gathers for a row no key that is not of every sequence that has the row', () => {
    fc.assert(
      fc.property(withSharedPrefixes, ({ sequences, kept }) => {
        const planned = plan(sequences, kept);
        const queries = queriesOf(planned);
        let start = 0;
        for (const length of planned.lengths) {
          const own = planned.rows.subarray(start, start + length);
          for (const row of own) {
            const gathered = queries[row - planned.keptCount]?.gathered ?? [];
            assert.ok(gathered.every((key) => own.includes(key)));
          }
          start += length;
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('has at most as many groups as the graph, of two queries or more, and as many keys as they need', () => {
    const random = new SeededRandom(3);
    const anyLength = (i: number) => random.integer(1, i % 3 === 0 ? LONGEST_IN_BLOCKS : 200);
    for (let round = 0; round < 50; round++) {
      // Of the first round one token alone.
      const sequences = Array.from({ length: round === 0 ? 1 : random.integer(1, 20) }, (_, i) =>
        Array.from({ length: round === 0 ? 1 : anyLength(i) }, () => random.integer(0, VOCABULARY - 1)),
      );
      const { groups } = planQueryBlocks(plan(sequences), { leastKeys: 65, mostGroups: GROUPS });
      assert.ok(groups.length >= 1 && groups.length <= GROUPS);
      for (const { blockCount, queries, keys, ends } of groups) {
        assert.ok(queries.length / blockCount >= 2);
        assert.equal(ends.length, blockCount);
        assert.equal(keys.length / blockCount, Math.max(65, ...Array.from(ends, Number)));
      }
    }
  });

  it('multiplies each query with little more than what it sees', () => {
    const random = new SeededRandom(4);
    const idsOf = (length: number) => Array.from({ length }, () => random.integer(0, VOCABULARY - 1));
    /** Scores that are computed, for each that is wanted. */
    const wasteOf = (sequences: number[][]) => {
      const planned = plan(sequences);
      const computed = planQueryBlocks(planned, { leastKeys: 1, mostGroups: GROUPS }).groups.map((group) => {
        return (group.queries.length * group.keys.length) / group.blockCount;
      });
      const wanted = queriesOf(planned).map(({ seen }) => seen.length);
      return sum(computed) / sum(wanted);
    };
    const ofLengths = (...lengths: number[]) => wasteOf(lengths.map(idsOf));
    // Of a square half is wanted.
    assert.ok(ofLengths(512) < 1.3);
    assert.ok(ofLengths(2_048) < 1.3);
    assert.ok(ofLengths(10, 20, 40, 60, 100, 150, 300, 800) < 1.4);
    const instruction = idsOf(19);
    assert.ok(wasteOf(Array.from({ length: 32 }, (_, i) => [...instruction, ...idsOf(8 + (i % 8))])) < 2.2);
  });
});
