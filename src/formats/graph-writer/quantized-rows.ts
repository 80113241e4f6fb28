import type { OnnxGraph } from './onnx-graph.ts';

/** Rows of activations as integers, x ≈ (integers − zero point) × scale of the row. */
export interface QuantizedRows {
  /** [N, columns] uint8 */
  integers: string;
  /** [N] float32 */
  scales: string;
  /** [N] uint8 */
  zeroPoints: string;
}

/** Integers of rows by their scales, [N, columns] uint8. */
export function quantizeBy(graph: OnnxGraph, x: string, scales: string, zeroPoints: string): string {
  return graph.node('QuantizeLinear', [x, scales, zeroPoints], { attributes: { axis: { int: 0 } } });
}
