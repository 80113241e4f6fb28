import type { OnnxGraph } from '../graph-writer/onnx-graph.ts';

export interface Turn {
  graph: OnnxGraph;
  /** [N] */
  positions: string;
  /** [longest, headDim / 2] */
  cos: string;
  sin: string;
}

/**
 * Turns the halves (a, b) of each head to (a cos − b sin, b cos + a sin), in ONNX's plain operators.
 * @param x [N, heads × headDim]
 * @returns [N, heads, headDim]
 */
export function rotatePlainly(
  x: string,
  heads: number,
  headDim: number,
  { graph, positions, ...tables }: Turn,
): string {
  const binary = (opType: string) => (a: string, b: string) => graph.node(opType, [a, b]);
  const [multiply, add, subtract] = ['Mul', 'Add', 'Sub'].map(binary) as [Binary, Binary, Binary];
  const [cos, sin] = [tables.cos, tables.sin].map((table) =>
    graph.reshape(graph.node('Gather', [table, positions]), [-1, 1, headDim / 2]),
  ) as [string, string];
  const [a, b] = [`${x}.a`, `${x}.b`];
  const lastAxis = { axis: { int: 2 } };
  graph.node('Split', [graph.reshape(x, [-1, heads, headDim])], {
    attributes: { ...lastAxis, num_outputs: { int: 2 } },
    outputs: [a, b],
  });
  const turned = [subtract(multiply(a, cos), multiply(b, sin)), add(multiply(b, cos), multiply(a, sin))];
  return graph.node('Concat', turned, { attributes: lastAxis });
}

type Binary = (a: string, b: string) => string;
