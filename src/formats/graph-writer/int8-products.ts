import type { StoredType, TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { Int8Matrix } from '../../model-files/int8/scheme.ts';
import { ElementType, type OnnxGraph } from './onnx-graph.ts';
import { type OutlierRows, takeOutlierRows } from './outlier-rows.ts';
import { type QuantizedRows, quantizeBy } from './quantized-rows.ts';

const MICROSOFT = 'com.microsoft';
/** Activations are stored unsigned, 0 as this. */
const ZERO_POINT = 128;
/** Largest magnitude of a quantized activation. */
const LARGEST = 127;
/**
 * Columns that ONNX Runtime adds at a time, from where memory is aligned to as many: in rows of another multiple the order of a sum would
 * depend on where in the batch a row is.
 */
const ADDED_AT_ONCE = 4;

interface Product {
  /** Tensor of the matrix, before it was transposed. */
  name: string;
  matrix: Int8Matrix;
  /** Whether rows in which one value is far above the others are taken apart (outlier-rows.ts). */
  splitsOutliers: boolean;
}

/** Adds a product with a quantized matrix to the graph: x [N, columns] float32 → [N, rows] float32. */
export type Int8Product = (x: string, product: Product) => string;

interface Quantized {
  rows: QuantizedRows;
  outliers: OutlierRows | null;
}

/**
 * Products of integers, each row of activations with a scale of its own, s = max |x| ÷ 127, and integers
 * round(x ÷ s), half to even. So a row does not depend on its batch: scales are of the row alone, and sums of integers
 * are exact in any order. A row of zeros has the scale 0, and products of 0 whatever its integers are. ONNX Runtime's own
 * dynamic quantization has one scale for all rows, and is not used.
 *
 * Several products of the same x quantize it once.
 */
export function int8Products(graph: OnnxGraph, fileName: (location: { file: string }) => string): Int8Product {
  const quantized = new Map<string, Quantized>();
  /** Made with the first product: a graph in another precision has none of it. */
  let zeroPoint: string | undefined;

  /** With columns of zeros, where there are too few for sums that are the same everywhere. */
  const widened = (x: string, columns: number): string => {
    const missing = -columns & (ADDED_AT_ONCE - 1);
    return missing === 0 ? x : graph.node('Pad', [x, graph.int64s([0, 0, 0, missing])]);
  };

  const quantize = (x: string, columns: number, splitsOutliers: boolean): Quantized => {
    zeroPoint ??= graph.constant('int8.zero_point', ElementType.uint8, [1], Uint8Array.of(ZERO_POINT));
    const reduce = (opType: string, values = x) =>
      graph.node(opType, [values, graph.int64s([-1])], { attributes: { keepdims: { int: 0 } } });
    // Two reductions that write nothing take less time than Abs, which writes a copy, and one.
    const negated = graph.node('Neg', [reduce('ReduceMin')]);
    // Less time than ReduceSumSquare, though a copy is written.
    const meanSquares = splitsOutliers ? reduce('ReduceMean', widened(graph.node('Mul', [x, x]), columns)) : null;
    // Reductions to a largest pass over a NaN, and an integer knows none: it would be rounded away, and a vector that is
    // refused in float32 be served. A sum is NaN or infinite with any of its terms, times zero NaN, and Max keeps that.
    const notFinite = graph.node('Mul', [meanSquares ?? reduce('ReduceSum'), graph.number(0)]);
    const largest = graph.node('Max', [reduce('ReduceMax'), negated, notFinite]);
    const scales = graph.node('Mul', [largest, graph.number(1 / LARGEST)]);
    const zeroPoints = graph.node('Expand', [zeroPoint, graph.node('Shape', [scales])]);
    const rows = { integers: quantizeBy(graph, x, scales, zeroPoints), scales, zeroPoints };
    return { rows, outliers: meanSquares === null ? null : takeOutlierRows(graph, x, { rows, largest, meanSquares }) };
  };

  return (x, { name, matrix: { values, scales }, splitsOutliers }) => {
    const { rows, outliers } = quantized.get(x) ?? quantize(x, values.shape[0] as number, splitsOutliers);
    quantized.set(x, { rows, outliers });
    const external = (suffix: string, type: ElementType, location: TensorLocation<StoredType>) =>
      graph.externalConstant(`${name}.${suffix}`, type, location.shape, {
        file: fileName(location),
        offset: location.offset,
        byteLength: location.byteLength,
      });
    const weights = external('integers', ElementType.int8, values);
    const columnScales = external('scales', ElementType.float32, scales);
    const multiply = ({ integers, scales: rowScales }: Omit<QuantizedRows, 'zeroPoints'>): string => {
      // MatMulInteger, Cast and Mul by the scale of each column in one operator. Its scale of the left side is a single
      // number, so that of each row follows.
      const inputs = [integers, weights, graph.number(1), columnScales, zeroPoint as string];
      const product = graph.node('MatMulIntegerToFloat', inputs, { domain: MICROSOFT });
      return graph.node('Mul', [product, graph.reshape(rowScales, [-1, 1])]);
    };
    const product = multiply(rows);
    if (outliers === null) return product;
    return graph.node('ScatterND', [product, outliers.index, multiply(outliers.remainders)], {
      attributes: { reduction: { string: 'add' } },
    });
  };
}
