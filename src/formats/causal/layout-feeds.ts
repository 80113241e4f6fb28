import { Tensor } from 'onnxruntime-node';
import { leastColumnsFor } from '../graph-writer/least-columns.ts';
import { paddedView } from './padded-view.ts';
import type { PackedPlan } from './plan.ts';
import { GROUPS, planQueryBlocks, type QueryGroup } from './query-blocks.ts';

/** Inputs of the graph that say where attention finds its rows, and where packed rows are among its slots. */
export interface LayoutFeeds {
  feeds: Record<string, Tensor>;
  /** [N] packed row → slot. */
  packIndex: Int32Array;
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
  ...Object.assign({}, ...Array.from({ length: GROUPS }, (_, g) => groupFeeds(NONE, g))),
  pad_index: int32(new Int32Array(), [0, 0]),
  query_pad_index: int32(new Int32Array(), [0, 0]),
  seqlens_k: int32(new Int32Array()),
  total_sequence_length: int32(Int32Array.of(0)),
};

/** Those of block-attention.ts, for sequences that are not long. */
export function blockFeeds(plan: PackedPlan, headDim: number): LayoutFeeds {
  const { groups, packIndex } = planQueryBlocks(plan, leastColumnsFor(headDim));
  const group_count = new Tensor('int64', BigInt64Array.of(BigInt(groups.length)), [1]);
  return { feeds: Object.assign({ group_count }, ...groups.map(groupFeeds)), packIndex };
}

function groupFeeds({ queries, keys, ends, blockCount }: QueryGroup, g: number): Record<string, Tensor> {
  const inBlocks = (rows: Int32Array) => int32(rows, [blockCount, blockCount === 0 ? 0 : rows.length / blockCount]);
  return {
    [`queries.${g}`]: inBlocks(queries),
    [`keys.${g}`]: inBlocks(keys),
    [`ends.${g}`]: new Tensor('int64', ends, [blockCount]),
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
      slot_position: int32(Int32Array.from({ length: slots }, (_, position) => position)),
    },
    packIndex,
  };
}

export function int32(data: Int32Array, shape: readonly number[] = [data.length]): Tensor {
  return new Tensor('int32', data, shape);
}
