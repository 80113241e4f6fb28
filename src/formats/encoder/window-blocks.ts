import { ElementType, type OnnxGraph } from '../graph-writer/onnx-graph.ts';
import { UNSEEN } from './attention.ts';

/** Fewest and most queries of a block: fewer make products slow, more would hold many scores that are masked. */
const BLOCK_SIZES = [64, 512] as const;

/**
 * How a single sequence of N tokens is cut for a sliding window: blocks of Q queries, each with the K = Q + 2 × window keys
 * that these see. So the work grows with the length of the sequence, and not with its square.
 */
export interface WindowBlocks {
  /** [blocks, Q] row of each query; past the end of the sequence that of its last token. */
  queries: string;
  /** [blocks, K] row of each key; that of the last token where there is none. */
  keys: string;
  /** [blocks, K] int32: 1 where there is a key. */
  isKey: string;
  /** [1, 1, Q, K] what is added to scores, so that each query sees its window only. */
  band: string;
}

/**
 * Adds them to the graph.
 * @param window how far a token sees to either side.
 * @param longest sequence that will be fed.
 * @param length [1] int64, of the sequence.
 */
export function windowBlocks(graph: OnnxGraph, window: number, longest: number, length: string): WindowBlocks {
  const [fewest, most] = BLOCK_SIZES;
  const size = Math.min(Math.max(window, fewest), most);
  const keyCount = size + 2 * window;
  const mostBlocks = Math.ceil(longest / size);
  const name = (part: string) => `window_${window}.${part}`;
  /** The first rows of a constant, as many as there are blocks in the sequence. */
  const table = (part: string, columns: number, valueAt: (start: number, column: number) => number) => {
    const values = BigInt64Array.from({ length: mostBlocks * columns }, (_, i) =>
      BigInt(valueAt(Math.floor(i / columns) * size, i % columns)),
    );
    const all = graph.constant(name(part), ElementType.int64, [mostBlocks, columns], values);
    return graph.node('Slice', [all, graph.int64s([0]), blockCount]);
  };
  const blockCount = graph.node('Div', [graph.node('Add', [length, graph.int64s([size - 1])]), graph.int64s([size])]);
  const last = graph.node('Sub', [length, graph.int64s([1])]);
  const row = (positions: string) => graph.node('Min', [positions, last]);
  const queries = table('queries', size, (start, i) => start + i);
  // Before the first token is past the end, too: there is no key in either place.
  const keys = table('keys', keyCount, (start, i) => (start + i < window ? longest : start + i - window));
  const band = Float32Array.from({ length: size * keyCount }, (_, i) => {
    const distance = (i % keyCount) - window - Math.floor(i / keyCount);
    return Math.abs(distance) > window ? UNSEEN : 0;
  });
  return {
    queries: row(queries),
    keys: row(keys),
    isKey: graph.node('Cast', [graph.node('Less', [keys, length])], { attributes: { to: { int: ElementType.int32 } } }),
    band: graph.constant(name('band'), ElementType.float32, [1, 1, size, keyCount], band),
  };
}
