import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { filesOfShard, rowsOfShard } from '../../src/bulk/shard.ts';
import type { RowSource } from '../../src/bulk-files/rows.ts';

describe('filesOfShard()', () => {
  const files = (...sizes: number[]) => sizes.map((bytes, i) => ({ path: `f${i}`, bytes, modifiedMs: 0 }));
  const shards = (all: ReturnType<typeof files>, of: number) =>
    Array.from({ length: of }, (_, index) => filesOfShard(all, { index, of })?.map(({ path }) => path));

  it('gives each file to one shard, in their order, and to each about as many bytes', () => {
    assert.deepEqual(shards(files(1, 9, 3, 3, 3, 2), 3), [['f1'], ['f2', 'f4'], ['f0', 'f3', 'f5']]);
    assert.deepEqual(shards(files(0, 0, 0), 3), [['f0'], ['f1'], ['f2']], 'empty files too');
  });

  it('has none where there are fewer files than shards', () => {
    assert.equal(filesOfShard(files(1, 2), { index: 0, of: 3 }), null);
  });
});

describe('rowsOfShard()', () => {
  const { signal } = new AbortController();
  async function* rows(count: number) {
    for (let number = 0; number < count; number++) yield { number };
  }
  const source = (count: number, isKnown: boolean) =>
    ({ count: isKnown ? count : null, rows: () => rows(count) }) as unknown as RowSource;

  it('divides the rows into parts that follow one another, whether or not their number is known', async () => {
    for (const isKnown of [true, false]) {
      let next = 0;
      for (let index = 0; index < 7; index++) {
        const { first, count } = await rowsOfShard(source(24, isKnown), { index, of: 7 }, signal);
        assert.equal(first, next);
        assert.ok(count === 3 || count === 4);
        next += count;
      }
      assert.equal(next, 24);
    }
  });
});
