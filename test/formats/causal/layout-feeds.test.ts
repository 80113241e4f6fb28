import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toBatch } from '../../../src/engine/protocol.ts';
import { layoutFeeds } from '../../../src/formats/causal/layout-feeds.ts';
import { planPackedBatch } from '../../../src/formats/causal/plan.ts';
import { LONGEST_IN_BLOCKS } from '../../../src/formats/causal/query-blocks.ts';

/** How many groups of blocks are fed for a text of this many tokens, in all layers but the last and in that; and queries in that. */
function fed(length: number, asksAll: boolean, inBlocks = true) {
  const { tokenIds, offsets, perToken } = toBatch([Array.from({ length }, (_, i) => i % 50)], [asksAll]);
  const plan = planPackedBatch(tokenIds, offsets, perToken);
  const { feeds } = layoutFeeds(plan, { inBlocks, headDim: 64 });
  const groups = ['group_count', 'last_group_count'].map((name) => Number(feeds[name]?.data[0] ?? 0));
  return { groups, isPadded: feeds.pad_index !== undefined, lastQueries: feeds.query_rows?.data.length };
}

describe('layoutFeeds()', () => {
  it('has blocks in every layer, and in the last one those of rows that are asked for', () => {
    assert.deepEqual(fed(10, false), { groups: [1, 1], isPadded: false, lastQueries: 1 });
    assert.deepEqual(fed(10, true), { groups: [1, 1], isPadded: false, lastQueries: 10 });
    const { groups, isPadded } = fed(LONGEST_IN_BLOCKS, false);
    assert.ok((groups[0] as number) > 1 && groups[1] === 1 && !isPadded);
  });

  it('has a padded view of what is longer, and blocks in the last layer where one row is asked for', () => {
    const length = LONGEST_IN_BLOCKS + 1;
    assert.deepEqual(fed(length, false), { groups: [0, 1], isPadded: true, lastQueries: 1 });
    assert.deepEqual(fed(length, true), { groups: [0, 0], isPadded: true, lastQueries: length });
  });

  it('has a padded view of everything where the graph knows no blocks', () => {
    assert.deepEqual(fed(10, false, false), { groups: [0, 0], isPadded: true, lastQueries: 10 });
  });
});
