import { ElementType, type OnnxGraph } from '../graph-writer/onnx-graph.ts';
import { type Attend, type AttentionParts, addOptional, headsOfQueries, UNSEEN } from './attention.ts';

/** With ONNX's plain operators, for devices without the other. It holds all scores at once, B × heads × S × S. */
export function plainAttention({ graph, input }: AttentionParts): Attend {
  const masks = windowMasks(graph, input);
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

/** Masks [1, 1, S, S] of sliding windows, one for each width. */
function windowMasks(graph: OnnxGraph, input: AttentionParts['input']): (window: number) => string {
  const masks = new Map<number, string>();
  return (window) => {
    const known = masks.get(window);
    if (known !== undefined) return known;
    // In float32: WebGPU has no Abs of integers.
    const position = graph.cast(input('slot_position', ['S']), ElementType.int32, ElementType.float32);
    const distance = graph.node('Abs', [
      graph.node('Sub', [graph.reshape(position, [1, 1, -1, 1]), graph.reshape(position, [1, 1, 1, -1])]),
    ]);
    const isFar = graph.node('Greater', [distance, graph.number(window)]);
    const values = [graph.number(UNSEEN), graph.number(0)];
    const mask = graph.node('Where', [isFar, ...values]);
    masks.set(window, mask);
    return mask;
  };
}
