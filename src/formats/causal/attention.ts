import { type Attribute, ElementType, type OnnxGraph } from '../graph-writer/onnx-graph.ts';
import type { CausalConfig } from './architecture.ts';

const MICROSOFT = 'com.microsoft';
/** Scores of positions that must not be seen; e to that power is 0, and float16 holds it. */
const UNSEEN = -10_000;

export interface AttentionParts {
  /** [positions, headDim / 2] in `type`. */
  cos: string;
  sin: string;
  /** Precision of queries, keys and values. */
  type: ElementType;
  /** Whether keys and values are also of rows that were computed before, P of them. */
  keepsPrefixes: boolean;
}

/** One layer's attention. */
export interface Attention {
  /**
   * Rotates the heads of queries or keys by the positions of their rows: all packed ones, or those of `index`. Where `attend` does
   * that, nothing.
   */
  rotate: (rows: string, headCount: number, index?: string) => string;
  /** [M] packed rows whose queries `attend` is given in the last layer; left out: all. */
  lastQueries?: string;
  /**
   * Adds one layer's attention to the graph: query [N, query width], key and value [P + N, key-value width]. Returns what each
   * slot saw, [slots, query width]: which slots there are and where a row is among them, is a matter of the layout that is fed.
   */
  attend: (query: string, key: string, value: string, layer: number) => string;
}

/** A sequence has its slots in a row, as many as the longest (padded-view.ts): [B, S] → row. Slots past an end hold nothing of use. */
export function padIndex(graph: OnnxGraph): string {
  return graph.input('pad_index', ElementType.int32, ['B', 'S']);
}

/**
 * With ONNX Runtime's GroupQueryAttention, which rotates, masks and groups in one operator.
 * Inputs it adds to the graph: pad_index, seqlens_k [B] (= length − 1), total_sequence_length [1] (= S), int32.
 */
export function fusedAttention(graph: OnnxGraph, config: CausalConfig, { cos, sin }: AttentionParts): Attention {
  const index = padIndex(graph);
  const padded = groupQueryAttention(graph, config);
  return {
    rotate: (rows) => rows,
    attend(query, key, value, layer) {
      const [q, k, v] = [query, key, value].map((rows) => graph.node('Gather', [rows, index])) as [
        string,
        string,
        string,
      ];
      const { attended } = padded(graph, [q, k, v], [cos, sin], layer);
      return graph.reshape(attended, [-1, config.headCount * config.headDim]);
    },
  };
}

/**
 * GroupQueryAttention over padded queries, keys and values [B, S, ·], which are rotated by it where it is given tables.
 * Returns its three outputs by name.
 */
export function groupQueryAttention(graph: OnnxGraph, config: CausalConfig) {
  const seqlensK = graph.input('seqlens_k', ElementType.int32, ['B']);
  const totalLength = graph.input('total_sequence_length', ElementType.int32, [1]);
  const everyLayer: Record<string, Attribute> = {
    num_heads: { int: config.headCount },
    kv_num_heads: { int: config.keyValueHeadCount },
    scale: { float: 1 / Math.sqrt(config.headDim) },
  };
  return (part: OnnxGraph, padded: [string, string, string], tables: [] | [string, string], layer: number) => {
    const window = windowOf(config, layer);
    const attributes = {
      ...everyLayer,
      do_rotary: { int: tables.length === 0 ? 0 : 1 },
      ...(window === null ? {} : { local_window_size: { int: window } }),
    };
    const [attended, presentKey, presentValue] = [
      `attended.${layer}`,
      `present_key.${layer}`,
      `present_value.${layer}`,
    ];
    const outputs = [attended, presentKey, presentValue];
    part.node('GroupQueryAttention', [...padded, '', '', seqlensK, totalLength, ...tables], {
      domain: MICROSOFT,
      attributes,
      outputs,
    });
    return { attended, presentKey, presentValue };
  };
}

/**
 * With ONNX's plain operators. For WebGPU, whose GroupQueryAttention in ONNX Runtime 1.30.0 is wrong beyond 48 tokens
 * and for the shorter sequences of a batch (docs/decisions/0025). It holds all scores at once, B × heads × S × S.
 * Inputs it adds to the graph: pad_index, row_position [N] (of each packed row in its sequence), slot_position [S] (0, 1, …),
 * int32.
 *
 * The mask is purely causal: padding is on the right, where no real position looks.
 */
export function plainAttention(graph: OnnxGraph, config: CausalConfig, parts: AttentionParts): Attention {
  const { headCount, keyValueHeadCount, headDim } = config;
  const { type } = parts;
  const reshape = (x: string, shape: number[]) => graph.reshape(x, shape);
  const index = padIndex(graph);
  const rowPosition = graph.input('row_position', ElementType.int32, ['N']);
  const slotPosition = graph.input('slot_position', ElementType.int32, ['S']);
  const half = headDim / 2;
  const binary = (opType: string) => (a: string, b: string) => graph.node(opType, [a, b]);
  const [multiply, add, subtract, product] = ['Mul', 'Add', 'Sub', 'MatMul'].map(binary) as [Op, Op, Op, Op];
  const transpose = (x: string, perm: number[]) =>
    graph.node('Transpose', [x], { attributes: { perm: { ints: perm } } });
  const number = (name: string, value: number) => {
    const constant = graph.constant(name, ElementType.float32, [1], Float32Array.of(value));
    return graph.cast(constant, ElementType.float32, type);
  };
  const scale = number('attention.scale', 1 / Math.sqrt(headDim));
  const unseen = number('attention.unseen', UNSEEN);
  const masks = new Map<number | null, string>();
  const seenIn = (window: number | null): string => {
    const mask = masks.get(window) ?? writeSeen(graph, slotPosition, window);
    masks.set(window, mask);
    return mask;
  };
  const [cos, sin] = [parts.cos, parts.sin].map((table) =>
    reshape(graph.node('Gather', [table, rowPosition]), [-1, 1, half]),
  ) as [string, string];

  /** Halves (a, b) of each head → (a cos − b sin, b cos + a sin). */
  const rotate = (x: string, heads: number): string => {
    const outputs = [`${x}.a`, `${x}.b`];
    const lastAxis = { axis: { int: 2 } };
    graph.node('Split', [reshape(x, [-1, heads, headDim])], {
      attributes: { ...lastAxis, num_outputs: { int: 2 } },
      outputs,
    });
    const [a, b] = outputs as [string, string];
    const turned = [subtract(multiply(a, cos), multiply(b, sin)), add(multiply(b, cos), multiply(a, sin))];
    return graph.node('Concat', turned, { attributes: lastAxis });
  };
  // Query head h reads key-value head h ÷ (heads a group).
  const headOf = BigInt64Array.from({ length: headCount }, (_, head) =>
    BigInt(Math.floor((head * keyValueHeadCount) / headCount)),
  );
  const groups = graph.constant('attention.groups', ElementType.int64, [headCount], headOf);
  const forEachQueryHead = (x: string) => graph.node('Gather', [x, groups], { attributes: { axis: { int: 1 } } });
  const pad = (x: string) => graph.node('Gather', [x, index]); // [N, heads, headDim] → [B, S, heads, headDim]

  const attend: Attention['attend'] = (query, key, value, layer) => {
    const q = transpose(pad(multiply(rotate(query, headCount), scale)), [0, 2, 1, 3]);
    const k = transpose(pad(forEachQueryHead(rotate(key, keyValueHeadCount))), [0, 2, 3, 1]);
    const v = transpose(pad(forEachQueryHead(reshape(value, [-1, keyValueHeadCount, headDim]))), [0, 2, 1, 3]);
    const scores = graph.node('Where', [seenIn(windowOf(config, layer)), product(q, k), unseen]); // [B, heads, S, S]
    const seen = product(graph.node('Softmax', [scores], { attributes: { axis: { int: 3 } } }), v);
    return reshape(transpose(seen, [0, 2, 1, 3]), [-1, headCount * headDim]);
  };
  return { rotate: (rows) => rows, attend };
}

type Op = (a: string, b: string) => string;

/** How many tokens a token sees in a layer, itself the last of them; null: all before it. */
export function windowOf({ traits: { slidingWindow } }: CausalConfig, layer: number): number | null {
  return slidingWindow?.layers.includes(layer) ? slidingWindow.tokens : null;
}

/** [S, S]: true where the slot of a row sees that of a column. WebGPU has no Or, but And. */
function writeSeen(graph: OnnxGraph, slotPosition: string, window: number | null): string {
  const [seeing, seen] = [graph.reshape(slotPosition, [-1, 1]), graph.reshape(slotPosition, [1, -1])];
  const isNotLater = graph.node('GreaterOrEqual', [seeing, seen]);
  if (window === null) return isNotLater;
  const width = graph.constant(`window_${window}`, ElementType.int32, [1], Int32Array.of(window));
  return graph.node('And', [isNotLater, graph.node('Less', [graph.node('Sub', [seeing, seen]), width])]);
}
