import type { OnnxGraph } from './onnx-graph.ts';
import { type QuantizedRows, quantizeBy } from './quantized-rows.ts';

/**
 * A row whose largest magnitude is more than this times its root mean square is an outlier. Rounding takes at most
 * 12 ÷ (127 √12) = 2.7 % of any other row (docs/decisions/0122).
 */
const OUTLIER = 12;
/** Of a scale to that of what rounding by it leaves, half of it at most: ±127 steps of this. */
const FINER = 1 / 254;

export interface OutlierRows {
  /** [R, 1] int64: which rows they are. */
  index: string;
  /** What rounding took from them, as integers by finer scales. */
  remainders: Pick<QuantizedRows, 'integers' | 'scales'>;
}

interface Quantization {
  rows: QuantizedRows;
  /** [N] largest magnitude of each row. */
  largest: string;
  /** [N] mean of the squares of each row. */
  meanSquares: string;
}

/**
 * Finds the rows of x [N, columns] in which one value is far above the others, so that eight bits leave little to these, and
 * quantizes what rounding took from them. The sum of a row's product and its remainder's has 15 bits. Which rows they are
 * depends on the row alone. R, their number, is mostly far below N and may be 0.
 */
export function takeOutlierRows(
  graph: OnnxGraph,
  x: string,
  { rows, largest, meanSquares }: Quantization,
): OutlierRows {
  const bound = graph.node('Mul', [graph.node('Sqrt', [meanSquares]), graph.number(OUTLIER)]);
  const found = graph.node('NonZero', [graph.node('Greater', [largest, bound])]); // [1, R]
  const index = graph.reshape(found, [-1]);
  const take = (values: string) => graph.node('Gather', [values, index]);
  const [integers, scales, zeroPoints] = [take(rows.integers), take(rows.scales), take(rows.zeroPoints)];
  const rounded = graph.node('DequantizeLinear', [integers, scales, zeroPoints], { attributes: { axis: { int: 0 } } });
  const remainder = graph.node('Sub', [take(x), rounded]);
  const finer = graph.node('Mul', [scales, graph.number(FINER)]);
  return {
    index: graph.reshape(found, [-1, 1]),
    remainders: { integers: quantizeBy(graph, remainder, finer, zeroPoints), scales: finer },
  };
}
