import { type Attribute, ElementType, type OnnxGraph } from '../graph-writer/onnx-graph.ts';
import {
  type Attend,
  type AttentionParts,
  addOptional,
  headsOfQueries,
  type ProjectedRows,
  UNSEEN,
} from './attention.ts';
import { type WindowBlocks, windowBlocks } from './window-blocks.ts';

const MICROSOFT = 'com.microsoft';

/**
 * Longest sequence that is computed together with others. ONNX Runtime's operator holds all scores, B × heads × S × S, where
 * any are masked, for the end of each sequence or by a window. So a longer sequence is a batch of its own, in which nothing
 * is padded: its attention is computed without a mask, which holds no scores, or in blocks as wide as the window. That is a
 * matter of its own length only, for rows differ by a rounding between the two.
 */
export const LONGEST_TOGETHER = 512;

/**
 * A batch is a single sequence, or sequences of at most LONGEST_TOGETHER tokens, where the slots past each one's end are
 * left out by its length, in ONNX's own Attention: it takes two thirds of the time of ONNX Runtime's MultiHeadAttention,
 * which has a way without scores for what is computed alone. Rows come out the same to the bit alone and in a batch
 * (test/formats/encoder/architectures.test.ts).
 */
export function fusedAttention({ graph, input, longest }: AttentionParts): Attend {
  const padIndex = () => input('pad_index', ['B', 'S']);
  /** [1] slots of a sequence. */
  const slots = once(() => graph.node('Shape', [padIndex()], { attributes: { start: { int: 1 }, end: { int: 2 } } }));
  const lengths = once(() => graph.cast(input('lengths', ['B']), ElementType.int32, ElementType.int64));
  const isLong = once(() => graph.node('Greater', [slots(), graph.int64s([LONGEST_TOGETHER])]));
  const maskOf = forEach((window) => windowMask(graph, window, Math.min(longest, LONGEST_TOGETHER), slots()));
  const blocksOf = forEach((window) => windowBlocks(graph, window, longest, slots()));

  return ({ query, key, value }, shape) => {
    const { headCount, keyValueHeadCount = headCount, headDim, scale = 1 / Math.sqrt(headDim), bias } = shape;
    // A window that no sequence is longer than is none.
    const window = shape.window !== undefined && shape.window < longest - 1 ? shape.window : undefined;
    const width = headCount * headDim;
    const mask = window === undefined ? undefined : maskOf(window);
    const together = (part: OnnxGraph) => {
      const padded = [query, key, value].map((rows) => part.node('Gather', [rows, padIndex()]));
      const seen = part.node('Attention', [...padded, addOptional(part, bias, mask) ?? '', '', '', lengths()], {
        attributes: {
          q_num_heads: { int: headCount },
          kv_num_heads: { int: keyValueHeadCount },
          scale: { float: scale },
        },
      });
      return part.reshape(seen, [-1, width]);
    };
    if (longest <= LONGEST_TOGETHER || bias !== undefined) return together(graph);

    const attributes: Record<string, Attribute> = {
      num_heads: { int: headCount },
      scale: { float: scale },
      mask_filter_value: { float: UNSEEN },
    };
    const blocks = window === undefined ? undefined : blocksOf(window);
    const alone = (part: OnnxGraph) => {
      // Here, and not before: what only one of the two ways reads would be made for both.
      const spread = (rows: string) =>
        part.reshape(headsOfQueries(part, rows, headCount, keyValueHeadCount, headDim), [-1, width]);
      const rows = { query, key: spread(key), value: spread(value) };
      const cut = blocks === undefined ? inOne(part, rows, width) : inBlocks(part, rows, blocks);
      const masks = blocks === undefined ? [] : [blocks.isKey, blocks.band];
      const inputs = [cut.query, cut.key, cut.value, '', ...masks];
      return part.reshape(part.node('MultiHeadAttention', inputs, { domain: MICROSOFT, attributes }), [-1, width]);
    };
    return graph.either(isLong(), { whenTrue: alone, whenFalse: together }, [`slots of ${query}`, width]);
  };
}

/** [N, width] → [1, N, width]. */
function inOne(part: OnnxGraph, { query, key, value }: ProjectedRows, width: number): ProjectedRows {
  const whole = (rows: string) => part.reshape(rows, [1, -1, width]);
  return { query: whole(query), key: whole(key), value: whole(value) };
}

/** [N, width] → [blocks, Q or K, width]. */
function inBlocks(
  part: OnnxGraph,
  { query, key, value }: ProjectedRows,
  { queries, keys }: WindowBlocks,
): ProjectedRows {
  const gather = (rows: string, index: string) => part.node('Gather', [rows, index]);
  return { query: gather(query, queries), key: gather(key, keys), value: gather(value, keys) };
}

/** What hides the keys outside a window, cut to the slots of a batch from a constant for sequences of `longest`: [1, 1, S, S]. */
function windowMask(graph: OnnxGraph, window: number, longest: number, slots: string): string {
  const values = new Float32Array(longest * longest);
  for (let query = 0; query < longest; query++) {
    for (let key = 0; key < longest; key++) {
      if (Math.abs(query - key) > window) values[query * longest + key] = UNSEEN;
    }
  }
  const mask = graph.constant(`window_${window}.mask`, ElementType.float32, [1, 1, longest, longest], values);
  const ends = graph.node('Concat', [slots, slots], { attributes: { axis: { int: 0 } } });
  return graph.node('Slice', [mask, graph.int64s([0, 0]), ends, graph.int64s([2, 3])]);
}

function once(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function forEach<Value>(make: (key: number) => Value): (key: number) => Value {
  const made = new Map<number, Value>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}
