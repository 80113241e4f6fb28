import { Tensor } from 'onnxruntime-node';
import { leastColumnsFor } from '../graph-writer/least-columns.ts';
import { paddedView } from './padded-view.ts';
import type { PackedPlan } from './plan.ts';
import { GROUPS, LAST_GROUPS, LONGEST_IN_BLOCKS, planQueryBlocks, type QueryGroup } from './query-blocks.ts';

/** Inputs of the graph that say where attention finds its rows, and where packed rows are among its slots. */
export interface LayoutFeeds {
  feeds: Record<string, Tensor>;
  /** [N] packed row → slot. */
  packIndex: Int32Array;
  /** [R] slot of each row that is answered, in the last layer. */
  lastSlot: Int32Array;
}

const NONE: QueryGroup = {
  queries: new Int32Array(),
  keys: new Int32Array(),
  ends: new BigInt64Array(),
  blockCount: 0,
};

/** What is fed of the layout that is not taken, and of groups that a batch does not have: it is not read. */
export const NO_LAYOUT: Record<string, Tensor> = {
  ...groupFeeds(new Array(GROUPS).fill(NONE), ''),
  ...groupFeeds(new Array(LAST_GROUPS).fill(NONE), 'last_'),
  group_count: new Tensor('int64', BigInt64Array.of(0n), [1]),
  last_group_count: new Tensor('int64', BigInt64Array.of(0n), [1]),
  pad_index: int32(new Int32Array(), [0, 0]),
  query_pad_index: int32(new Int32Array(), [0, 0]),
  seqlens_k: int32(new Int32Array()),
  total_sequence_length: int32(Int32Array.of(0)),
};

/**
 * Those that a plan needs: of a padded view where the graph has no blocks (attention.ts), else of blocks (block-attention.ts). Of
 * long sequences blocks are only in the last layer, and only where each is asked for one row: others would hold too many scores.
 */
export function layoutFeeds(
  plan: PackedPlan,
  { inBlocks, headDim }: { inBlocks: boolean; headDim: number },
): LayoutFeeds {
  if (!inBlocks) return paddedFeeds(plan);
  const leastKeys = leastColumnsFor(headDim);
  const areShort = plan.lengths.every((length) => length <= LONGEST_IN_BLOCKS);
  if (areShort) {
    const { groups, packIndex } = planQueryBlocks(plan, { leastKeys, mostGroups: GROUPS });
    const last = lastFeeds(plan, leastKeys);
    return { ...last, feeds: { ...groupFeeds(groups, ''), ...last.feeds }, packIndex };
  }
  const padded = paddedFeeds(plan);
  if (plan.lastRow.length > plan.lengths.length) return padded;
  const last = lastFeeds(plan, leastKeys);
  return { ...padded, ...last, feeds: { ...padded.feeds, ...last.feeds } };
}

/** Blocks of the last layer, whose queries are those of the rows that are answered. */
function lastFeeds(plan: PackedPlan, leastKeys: number): Omit<LayoutFeeds, 'packIndex'> {
  const isAsked = new Uint8Array(plan.tokenIds.length);
  for (const row of plan.lastRow) isAsked[row] = 1;
  const { groups, packIndex } = planQueryBlocks(plan, { leastKeys, mostGroups: LAST_GROUPS, isAsked });
  const queryRows = Int32Array.from(new Set(groups.flatMap(({ queries }) => [...queries])));
  const place = new Int32Array(plan.tokenIds.length);
  for (const [i, row] of queryRows.entries()) place[row] = i;
  const ofQueries = groups.map((group) => ({ ...group, queries: group.queries.map((row) => place[row] as number) }));
  return {
    feeds: { ...groupFeeds(ofQueries, 'last_'), query_rows: int32(queryRows) },
    lastSlot: plan.lastRow.map((row) => packIndex[row] as number),
  };
}

function groupFeeds(groups: readonly QueryGroup[], prefix: '' | 'last_'): Record<string, Tensor> {
  const count = new Tensor('int64', BigInt64Array.of(BigInt(groups.length)), [1]);
  const feeds: Record<string, Tensor> = { [`${prefix}group_count`]: count };
  for (const [g, { queries, keys, ends, blockCount }] of groups.entries()) {
    const inBlocks = (rows: Int32Array) => int32(rows, [blockCount, rows.length / Math.max(1, blockCount)]);
    feeds[`${prefix}queries.${g}`] = inBlocks(queries);
    feeds[`${prefix}keys.${g}`] = inBlocks(keys);
    feeds[`${prefix}ends.${g}`] = new Tensor('int64', ends, [blockCount]);
  }
  return feeds;
}

function paddedFeeds(plan: PackedPlan): LayoutFeeds {
  const { slots, padIndex, queryPadIndex, packIndex } = paddedView(plan);
  const shape = [plan.lengths.length, slots];
  return {
    feeds: {
      pad_index: int32(padIndex, shape),
      query_pad_index: int32(queryPadIndex, shape),
      seqlens_k: int32(plan.lengths.map((length) => length - 1)),
      total_sequence_length: int32(Int32Array.of(slots)),
      query_rows: int32(plan.tokenIds.map((_, row) => row)),
      slot_position: int32(Int32Array.from({ length: slots }, (_, position) => position)),
    },
    packIndex,
    lastSlot: plan.lastRow.map((row) => packIndex[row] as number),
  };
}

export function int32(data: Int32Array, shape: readonly number[] = [data.length]): Tensor {
  return new Tensor('int32', data, shape);
}
