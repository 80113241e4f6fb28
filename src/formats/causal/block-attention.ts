import { ElementType, type OnnxGraph } from '../graph-writer/onnx-graph.ts';
import type { CausalConfig } from './architecture.ts';
import { type Attention, type AttentionParts, groupQueryAttention, padIndex, windowOf } from './attention.ts';
import { GROUPS, LAST_GROUPS, LONGEST_IN_BLOCKS } from './query-blocks.ts';

const MICROSOFT = 'com.microsoft';
/** Added to the score of a key before a window. */
const HIDDEN = -1e30;

/** The inputs of a group of blocks (query-blocks.ts). */
interface GroupInputs {
  /** [B, Q] */
  queries: string;
  /** [B, K] */
  keys: string;
  /** [B] */
  ends: string;
}

/**
 * For the CPU in float32: queries in blocks, each against the keys up to its end, with ONNX's own Attention. Sequences of more than
 * LONGEST_IN_BLOCKS tokens, with GroupQueryAttention over a padded view: it holds no scores.
 *
 * Inputs it adds to the graph, int32 or, where it is said, int64: row_position [N], of each packed row in its sequence; group_count
 * [1] int64, how many groups of blocks there are, or 0: a padded view; of each group queries [B, Q], keys [B, K] and ends [B] int64;
 * the same for the last layer, with `last_` before their names, whose queries are counted in query_rows [M], packed rows; for
 * the padded view pad_index, seqlens_k, total_sequence_length and, with `keepsPrefixes`, query_pad_index. What is not read may have
 * any shape.
 */
export function blockAttention(graph: OnnxGraph, config: CausalConfig, parts: AttentionParts): Attention {
  const { headCount, keyValueHeadCount, headDim } = config;
  const queryWidth = headCount * headDim;
  const rowPosition = graph.input('row_position', ElementType.int32, ['N']);
  const positions = graph.cast(rowPosition, ElementType.int32, ElementType.int64);
  const lastQueries = graph.input('query_rows', ElementType.int32, ['M']);
  const everyLayer = groupsOf(graph, GROUPS, '');
  const lastLayer = groupsOf(graph, LAST_GROUPS, 'last_');
  const nothing = graph.constant('attention.nothing', ElementType.float32, [0, queryWidth], new Float32Array());

  const masks = new Map<string, string>();
  /** The same in every layer. */
  const windowMaskOf = (group: GroupInputs, window: number): string => {
    const key = `${group.ends} ${window}`;
    const mask = masks.get(key) ?? windowMask(graph, group, window);
    masks.set(key, mask);
    return mask;
  };
  const inPaddedView = paddedAttention(graph, config, parts.keepsPrefixes);

  return {
    lastQueries,

    rotate(rows, heads, index) {
      const width = heads * headDim;
      const ofRows = index === undefined ? positions : graph.node('Gather', [positions, index]);
      // Each row as a sequence of one token: the operator takes no sequence longer than the tables, and a batch may be.
      const inputs = [graph.reshape(rows, [-1, 1, width]), graph.reshape(ofRows, [-1, 1]), parts.cos, parts.sin];
      const turned = graph.node('RotaryEmbedding', inputs, {
        domain: MICROSOFT,
        attributes: { num_heads: { int: heads } },
      });
      return graph.reshape(turned, [-1, width]);
    },

    attend(query, key, value, layer) {
      const window = windowOf(config, layer);
      const isLast = layer === config.layerCount - 1;
      const { count, isOne, first, others } = isLast ? lastLayer : everyLayer;
      // Long sequences have blocks in the last layer only.
      const isNarrow = window !== null && (isLast || window < LONGEST_IN_BLOCKS);
      const maskOf = (group: GroupInputs) => (isNarrow ? windowMaskOf(group, window) : '');
      /** [B × Q, query width] */
      const inGroup = (part: OnnxGraph, group: GroupInputs) => {
        const gather = (rows: string, index: string) => part.node('Gather', [rows, index]);
        const gathered = [gather(query, group.queries), gather(key, group.keys), gather(value, group.keys)];
        const seen = part.node('Attention', [...gathered, maskOf(group), '', '', group.ends], {
          attributes: {
            q_num_heads: { int: headCount },
            kv_num_heads: { int: keyValueHeadCount },
            is_causal: { int: 1 },
            scale: { float: 1 / Math.sqrt(headDim) },
          },
        });
        return part.reshape(seen, [-1, queryWidth]);
      };
      const inGroups = (part: OnnxGraph) => {
        const rest = others.map((group, g) =>
          part.either(
            part.node('Greater', [count, part.int64s([g + 1])]),
            {
              whenTrue: (inner) => inGroup(inner, group),
              whenFalse: (inner) => inner.node('Identity', [nothing]),
            },
            // A name of its own: of equal names ONNX Runtime takes it that the sizes are equal, too.
            [`slots.${layer}.${g}`, queryWidth],
          ),
        );
        return part.node('Concat', [inGroup(part, first), ...rest], { attributes: { axis: { int: 0 } } });
      };
      const shape = [`slots.${layer}`, queryWidth];
      return graph.either(
        isOne,
        {
          whenTrue: (part) => inGroup(part, first),
          whenFalse: (part) =>
            part.either(
              part.node('Equal', [count, part.int64s([0])]),
              { whenTrue: (inner) => inPaddedView(inner, query, key, value, layer), whenFalse: inGroups },
              shape,
            ),
        },
        shape,
      );
    },
  };
}

/** The inputs of groups of blocks. */
function groupsOf(graph: OnnxGraph, most: number, prefix: '' | 'last_') {
  const count = graph.input(`${prefix}group_count`, ElementType.int64, [1]);
  const groups = Array.from({ length: most }, (_, g) => ({
    queries: graph.input(`${prefix}queries.${g}`, ElementType.int32, [`${prefix}B${g}`, `${prefix}Q${g}`]),
    keys: graph.input(`${prefix}keys.${g}`, ElementType.int32, [`${prefix}B${g}`, `${prefix}K${g}`]),
    ends: graph.input(`${prefix}ends.${g}`, ElementType.int64, [`${prefix}B${g}`]),
  }));
  const [first, ...others] = groups as [GroupInputs, ...GroupInputs[]];
  return { count, isOne: graph.node('Equal', [count, graph.int64s([1])]), first, others };
}

/** [B, 1, Q, K]: what hides the keys before the window of each query. */
function windowMask(graph: OnnxGraph, { queries, keys, ends }: GroupInputs, window: number): string {
  const int64 = (operator: string, inputs: string[], attributes = {}) => graph.node(operator, inputs, { attributes });
  const [zero, one] = [0, 1].map((value) => graph.int64s([value])) as [string, string];
  const last = { start: { int: 1 }, end: { int: 2 } };
  const upTo = (size: string) =>
    int64('Range', [graph.reshape(zero, []), graph.reshape(size, []), graph.reshape(one, [])]);
  const queryCount = int64('Shape', [queries], last);
  // Position of a block's query i: end − Q + i.
  const firsts = graph.reshape(int64('Sub', [ends, queryCount]), [-1, 1, 1, 1]);
  const seeing = int64('Add', [firsts, graph.reshape(upTo(queryCount), [1, 1, -1, 1])]);
  const distance = int64('Sub', [seeing, upTo(int64('Shape', [keys], last))]);
  const isHidden = int64('GreaterOrEqual', [distance, graph.int64s([window])]);
  return graph.node('Where', [isHidden, graph.number(HIDDEN), graph.number(0)]);
}

/**
 * GroupQueryAttention over rows that are rotated. The present keys and values that it gives besides are not needed. But
 * without them ONNX Runtime computes attention in a slower way that stores every score, and an output that no
 * node reads is kept until the run ends: 230 KB a token over the layers of the 0.6B model. So their sizes, times
 * zero, go into a shape, and each pair is freed before the next layer.
 */
function paddedAttention(graph: OnnxGraph, config: CausalConfig, keepsPrefixes: boolean) {
  const keys = padIndex(graph);
  const queries = keepsPrefixes ? graph.input('query_pad_index', ElementType.int32, ['B', 'S']) : keys;
  const attendPadded = groupQueryAttention(graph, config);
  return (part: OnnxGraph, query: string, key: string, value: string, layer: number): string => {
    const gather = (rows: string, index: string) => part.node('Gather', [rows, index]);
    const padded: [string, string, string] = [gather(query, queries), gather(key, keys), gather(value, keys)];
    const { attended, presentKey, presentValue } = attendPadded(part, padded, [], layer);
    const sizes = [presentKey, presentValue].map((present) => part.node('Size', [present]));
    const zeroes = part.node('Mul', [part.node('Add', sizes), part.int64s([0])]);
    const shape = part.int64s([-1, config.headCount * config.headDim]);
    return part.node('Reshape', [attended, part.node('Add', [shape, zeroes])]);
  };
}
