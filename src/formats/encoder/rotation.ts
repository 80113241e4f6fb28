import { ElementType, type OnnxGraph } from '../graph-writer/onnx-graph.ts';
import { inverseFrequencies, rotaryTables } from '../graph-writer/rotary-tables.ts';

const MICROSOFT = 'com.microsoft';

export interface RotationParts {
  graph: OnnxGraph;
  /** Longest sequence that will be fed: rows of the tables. */
  longest: number;
  /** The int32 input [N] with each token's position in its sequence; asked for only where something is rotated. */
  positions: () => string;
}

export interface RotationShape {
  /** Of the queries, or of the keys. */
  headCount: number;
  headDim: number;
  /** Base of the frequencies, `rope_theta`. */
  theta: number;
}

/**
 * Adds rotary position embedding to the graph: the halves (a, b) of each head of x [N, heads × headDim] become
 * (a cos − b sin, b cos + a sin), by the token's position (`apply_rotary_pos_emb`).
 */
export type Rotate = (x: string, shape: RotationShape) => string;

interface Tables {
  /** [longest, headDim / 2] */
  cos: string;
  sin: string;
}

/** With ONNX Runtime's RotaryEmbedding. */
export function fusedRotation({ graph, longest, positions }: RotationParts): Rotate {
  const tablesOf = sharedTables(graph, longest);
  return (x, { headCount, headDim, theta }) => {
    const { cos, sin } = tablesOf(headDim, theta);
    const width = headCount * headDim;
    const index = graph.cast(positions(), ElementType.int32, ElementType.int64);
    // Each row as a sequence of one token: the operator takes no sequence longer than the tables, and a batch may be.
    const inputs = [graph.reshape(x, [-1, 1, width]), graph.reshape(index, [-1, 1]), cos, sin];
    const attributes = { num_heads: { int: headCount } };
    const turned = graph.node('RotaryEmbedding', inputs, { domain: MICROSOFT, attributes });
    return graph.reshape(turned, [-1, width]);
  };
}

/** With ONNX's plain operators, for devices without the other. */
export function plainRotation({ graph, longest, positions }: RotationParts): Rotate {
  const tablesOf = sharedTables(graph, longest);
  const binary = (opType: string) => (a: string, b: string) => graph.node(opType, [a, b]);
  const [multiply, add, subtract] = ['Mul', 'Add', 'Sub'].map(binary) as [Binary, Binary, Binary];
  return (x, { headCount, headDim, theta }) => {
    const tables = tablesOf(headDim, theta);
    const [cos, sin] = [tables.cos, tables.sin].map((table) =>
      graph.reshape(graph.node('Gather', [table, positions()]), [-1, 1, headDim / 2]),
    ) as [string, string];
    const [a, b] = [`${x}.a`, `${x}.b`];
    const lastAxis = { axis: { int: 2 } };
    graph.node('Split', [graph.reshape(x, [-1, headCount, headDim])], {
      attributes: { ...lastAxis, num_outputs: { int: 2 } },
      outputs: [a, b],
    });
    const turned = [subtract(multiply(a, cos), multiply(b, sin)), add(multiply(b, cos), multiply(a, sin))];
    return graph.reshape(graph.node('Concat', turned, { attributes: lastAxis }), [-1, headCount * headDim]);
  };
}

type Binary = (a: string, b: string) => string;

/** Tables of cosines and sines, one for each base and size of head. */
function sharedTables(graph: OnnxGraph, longest: number): (headDim: number, theta: number) => Tables {
  const made = new Map<string, Tables>();
  return (headDim, theta) => {
    const key = `rope_${theta}_${headDim}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const tables = rotaryTables(longest, inverseFrequencies(headDim, theta));
    const constant = (name: 'cos' | 'sin') =>
      graph.constant(`${key}.${name}`, ElementType.float32, [longest, headDim / 2], tables[name]);
    const named = { cos: constant('cos'), sin: constant('sin') };
    made.set(key, named);
    return named;
  };
}
