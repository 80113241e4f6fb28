import { Tensor } from 'onnxruntime-node';
import { leastColumnsFor } from '../graph-writer/least-columns.ts';
import { paddedView } from './padded-view.ts';
import type { PackedPlan } from './plan.ts';
import { GROUPS, planQueryBlocks, type QueryBlocks, type QueryGroup } from './query-blocks.ts';

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

/** Of the layout that is not taken. */
export const NO_LAYOUT: Record<string, Tensor> = {
  group_count: new Tensor('int64', BigInt64Array.of(0n), [1]),
  last_group_count: new Tensor('int64', BigInt64Array.of(0n), [1]),
  ...Object.assign(
    {},
    ...Array.from({ length: GROUPS }, (_, g) => ({ ...groupFeeds(NONE, g), ...groupFeeds(NONE, g, 'last_') })),
  ),
  pad_index: int32(new Int32Array(), [0, 0]),
  query_pad_index: int32(new Int32Array(), [0, 0]),
  seqlens_k: int32(new Int32Array()),
  total_sequence_length: int32(Int32Array.of(0)),
};

/** Those of block-attention.ts, for sequences that are not long. */
export function blockFeeds(plan: PackedPlan, headDim: number): LayoutFeeds {
  const leastKeys = leastColumnsFor(headDim);
  const { groups, packIndex } = planQueryBlocks(plan, leastKeys);
  const last = planLastQueries(plan, leastKeys);
  const feeds = [
    ...groups.map((group, g) => groupFeeds(group, g)),
    ...last.groups.map((group, g) => groupFeeds(group, g, 'last_')),
  ];
  return {
    feeds: Object.assign(
      { group_count: groupCount(groups), last_group_count: groupCount(last.groups), query_rows: int32(last.queryRows) },
      ...feeds,
    ),
    packIndex,
    lastSlot: plan.lastRow.map((row) => last.packIndex[row] as number),
  };
}

/** Blocks of the last layer, whose queries are those of the rows that are answered. */
function planLastQueries(plan: PackedPlan, leastKeys: number): QueryBlocks & { queryRows: Int32Array } {
  const isAsked = new Uint8Array(plan.tokenIds.length);
  for (const row of plan.lastRow) isAsked[row] = 1;
  const { groups, packIndex } = planQueryBlocks(plan, leastKeys, isAsked);
  const queryRows = Int32Array.from(new Set(groups.flatMap(({ queries }) => [...queries])));
  const place = new Int32Array(plan.tokenIds.length);
  for (const [i, row] of queryRows.entries()) place[row] = i;
  return {
    groups: groups.map((group) => ({ ...group, queries: group.queries.map((row) => place[row] as number) })),
    packIndex,
    queryRows,
  };
}

function groupCount({ length }: readonly QueryGroup[]): Tensor {
  return new Tensor('int64', BigInt64Array.of(BigInt(length)), [1]);
}

function groupFeeds({ queries, keys, ends, blockCount }: QueryGroup, g: number, prefix = ''): Record<string, Tensor> {
  const inBlocks = (rows: Int32Array) => int32(rows, [blockCount, blockCount === 0 ? 0 : rows.length / blockCount]);
  return {
    [`${prefix}queries.${g}`]: inBlocks(queries),
    [`${prefix}keys.${g}`]: inBlocks(keys),
    [`${prefix}ends.${g}`]: new Tensor('int64', ends, [blockCount]),
  };
}

/** Those of a padded view (attention.ts). */
export function paddedFeeds(plan: PackedPlan): LayoutFeeds {
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
