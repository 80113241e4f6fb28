import type { OnnxGraph } from '../graph-writer/onnx-graph.ts';

/** Added to the score of a position that must not be seen: e to that power is 0. As ONNX Runtime's own operator has it. */
export const UNSEEN = -10_000;

export interface AttentionShape {
  headCount: number;
  /** Heads of keys and values, each read by as many of the queries'; left out: as many as those. */
  keyValueHeadCount?: number;
  headDim: number;
  /** Of scores; left out: 1 ÷ √headDim. */
  scale?: number;
  /** How far a token sees to either side; left out: all of its sequence. */
  window?: number;
  /** Added to scores: [1, heads, S, S]. Left out: nothing. */
  bias?: string;
}

export interface ProjectedRows {
  /** [N, heads × headDim] */
  query: string;
  /** [N, key-value heads × headDim] */
  key: string;
  value: string;
}

/**
 * Adds one layer's attention to the graph: packed rows, rotated where they are to be. Returns what each padded slot saw,
 * [B × S, heads × headDim]; slots past a sequence's end hold nothing of use.
 */
export type Attend = (projected: ProjectedRows, shape: AttentionShape) => string;

export interface AttentionParts {
  graph: OnnxGraph;
  /** An int32 input of the graph. */
  input: (name: string, shape: (number | string)[]) => string;
  /** Longest sequence that will be fed. */
  longest: number;
}

/** [N, key-value heads × headDim] → [N, heads, headDim]: head h of queries reads head h ÷ (heads a group). */
export function headsOfQueries(
  graph: OnnxGraph,
  rows: string,
  heads: number,
  keyValueHeads: number,
  headDim: number,
): string {
  const split = graph.reshape(rows, [-1, keyValueHeads, headDim]);
  if (heads === keyValueHeads) return split;
  const groups = graph.int64s(Array.from({ length: heads }, (_, head) => Math.floor((head * keyValueHeads) / heads)));
  return graph.node('Gather', [split, groups], { attributes: { axis: { int: 1 } } });
}

/** The sum of those that there are. */
export function addOptional(graph: OnnxGraph, a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || b === undefined ? (a ?? b) : graph.node('Add', [a, b]);
}
