import { type Attribute, ElementType, type OnnxGraph } from '../graph-writer/onnx-graph.ts';

const MICROSOFT = 'com.microsoft';
/** Added to the score of a position that must not be seen: e to that power is 0. As ONNX Runtime's own operator has it. */
const UNSEEN = -10_000;

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
}

/**
 * With ONNX Runtime's MultiHeadAttention, which masks the slots past each sequence's end by its length. Rows come out the
 * same to the bit alone and in a batch (test/formats/encoder/attention.test.ts).
 */
export function fusedAttention({ graph, input }: AttentionParts): Attend {
  const masks = windowMasks({ graph, input });
  return ({ query, key, value }, shape) => {
    const { headCount, keyValueHeadCount = headCount, headDim, scale = 1 / Math.sqrt(headDim), window } = shape;
    const padIndex = input('pad_index', ['B', 'S']);
    const pad = (rows: string) => graph.node('Gather', [rows, padIndex]); // [B, S, ·]
    const spread = (rows: string) =>
      graph.reshape(headsOfQueries(graph, rows, headCount, keyValueHeadCount, headDim), [-1, headCount * headDim]);
    const bias = addOptional(graph, shape.bias, window === undefined ? undefined : masks(window));
    const attributes: Record<string, Attribute> = {
      num_heads: { int: headCount },
      scale: { float: scale },
      mask_filter_value: { float: UNSEEN },
    };
    const inputs = [pad(query), pad(spread(key)), pad(spread(value)), '', input('lengths', ['B']), bias ?? ''];
    const seen = graph.node('MultiHeadAttention', inputs, { domain: MICROSOFT, attributes });
    return graph.reshape(seen, [-1, headCount * headDim]);
  };
}

/** With ONNX's plain operators, for devices without the other. It holds all scores at once, B × heads × S × S. */
export function plainAttention({ graph, input }: AttentionParts): Attend {
  const masks = windowMasks({ graph, input });
  let unseen: string | undefined;
  /** [B, 1, 1, S]: UNSEEN past the end of each sequence. */
  const paddingMask = () => {
    const isPadding = graph.node('GreaterOrEqual', [
      graph.reshape(input('slot_position', ['S']), [1, 1, 1, -1]),
      graph.reshape(input('lengths', ['B']), [-1, 1, 1, 1]),
    ]);
    return graph.node('Where', [isPadding, graph.number(UNSEEN), graph.number(0)]);
  };
  return ({ query, key, value }, shape) => {
    const { headCount, keyValueHeadCount = headCount, headDim, scale = 1 / Math.sqrt(headDim), window } = shape;
    unseen ??= paddingMask();
    const padIndex = input('pad_index', ['B', 'S']);
    /** [N, heads × headDim] → [B, S, heads, headDim] → as `perm` says. */
    const pad = (rows: string, perm: number[]) =>
      graph.node('Transpose', [graph.node('Gather', [rows, padIndex])], { attributes: { perm: { ints: perm } } });
    const spread = (rows: string) => headsOfQueries(graph, rows, headCount, keyValueHeadCount, headDim);
    const scaled = graph.node('Mul', [query, graph.number(scale)]);
    const q = pad(graph.reshape(scaled, [-1, headCount, headDim]), [0, 2, 1, 3]);
    const k = pad(spread(key), [0, 2, 3, 1]);
    const v = pad(spread(value), [0, 2, 1, 3]);
    const bias = addOptional(graph, shape.bias, window === undefined ? undefined : masks(window));
    const scores = addOptional(graph, graph.node('MatMul', [q, k]), bias) as string; // [B, heads, S, S]
    const masked = graph.node('Add', [scores, unseen]);
    const seen = graph.node('MatMul', [graph.node('Softmax', [masked], { attributes: { axis: { int: 3 } } }), v]);
    const rows = graph.node('Transpose', [seen], { attributes: { perm: { ints: [0, 2, 1, 3] } } });
    return graph.reshape(rows, [-1, headCount * headDim]);
  };
}

/** [N, key-value heads × headDim] → [N, heads, headDim]: head h of queries reads head h ÷ (heads a group). */
function headsOfQueries(graph: OnnxGraph, rows: string, heads: number, keyValueHeads: number, headDim: number): string {
  const split = graph.reshape(rows, [-1, keyValueHeads, headDim]);
  if (heads === keyValueHeads) return split;
  const groups = graph.int64s(Array.from({ length: heads }, (_, head) => Math.floor((head * keyValueHeads) / heads)));
  return graph.node('Gather', [split, groups], { attributes: { axis: { int: 1 } } });
}

/** Masks [1, 1, S, S] of sliding windows, one for each width. */
function windowMasks({ graph, input }: AttentionParts): (window: number) => string {
  const masks = new Map<number, string>();
  return (window) => {
    const known = masks.get(window);
    if (known !== undefined) return known;
    const position = input('slot_position', ['S']);
    const distance = graph.node('Abs', [
      graph.node('Sub', [graph.reshape(position, [1, 1, -1, 1]), graph.reshape(position, [1, 1, 1, -1])]),
    ]);
    const farthest = graph.constant(`window_${window}`, ElementType.int32, [1], Int32Array.of(window));
    const isFar = graph.node('Greater', [distance, farthest]);
    const values = [graph.number(UNSEEN), graph.number(0)];
    const mask = graph.node('Where', [isFar, ...values]);
    masks.set(window, mask);
    return mask;
  };
}

function addOptional(graph: OnnxGraph, a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || b === undefined ? (a ?? b) : graph.node('Add', [a, b]);
}
