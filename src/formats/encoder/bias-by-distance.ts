import { ElementType } from '../graph-writer/onnx-graph.ts';
import type { AttentionParts } from './attention.ts';

export interface DistanceBias {
  /** A table of a number for each head, [rows, heads]. */
  table: string;
  /** The row for a key that is that many tokens after its query, or before it where that is negative. */
  rowOf: (distance: number) => number;
  /** Longest sequence that will be fed. */
  longest: number;
}

/**
 * What is added to scores for how far a key is from its query.
 * @returns [1, heads, S, S]
 */
export function writeBiasByDistance({ graph, input }: AttentionParts, { table, rowOf, longest }: DistanceBias): string {
  const farthest = longest - 1;
  const int32 = (name: string, data: Int32Array) =>
    graph.constant(`${table}.${name}`, ElementType.int32, [data.length], data);
  const rows = int32(
    'rows',
    Int32Array.from({ length: 2 * farthest + 1 }, (_, i) => rowOf(i - farthest)),
  );
  // [heads, 2 × longest − 1]: ONNX Runtime makes a constant of it.
  const byDistance = graph.node('Transpose', [graph.node('Gather', [table, rows])], {
    attributes: { perm: { ints: [1, 0] } },
  });
  const position = input('slot_position', ['S']);
  const distance = graph.node('Sub', [graph.reshape(position, [1, -1]), graph.reshape(position, [-1, 1])]);
  const column = graph.node('Add', [distance, int32('first', Int32Array.of(farthest))]);
  const bias = graph.node('Gather', [byDistance, column], { attributes: { axis: { int: 1 } } });
  return graph.node('Unsqueeze', [bias, graph.int64s([0])]);
}
