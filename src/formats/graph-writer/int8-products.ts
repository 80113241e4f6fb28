import type { StoredType, TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { Int8Matrix } from '../../model-files/int8/scheme.ts';
import { ElementType, type OnnxGraph } from './onnx-graph.ts';

const MICROSOFT = 'com.microsoft';
/** Activations are stored unsigned, 0 as this. */
const ZERO_POINT = 128;
/** Largest magnitude of a quantized activation. */
const LARGEST = 127;

interface QuantizedRows {
  /** [N, columns] uint8 */
  integers: string;
  /** [N, 1] float32 */
  scales: string;
}

/**
 * Adds a product with a quantized matrix to the graph: x [N, columns] float32 → [N, rows] float32.
 * @param name the matrix' own, of `matrix` with [rows, columns] before it was transposed.
 */
export type Int8Product = (x: string, matrix: Int8Matrix, name: string) => string;

/**
 * Products of integers, each row of activations with a scale of its own, s = max |x| ÷ 127, and integers
 * round(x ÷ s), half to even. So a row does not depend on its batch: scales are of the row alone, and sums of integers
 * are exact in any order. A row of zeros has the scale 0, and products of 0 whatever its integers are. ONNX Runtime's own
 * dynamic quantization has one scale for all rows, and is not used.
 *
 * Several products of the same x quantize it once.
 */
export function int8Products(graph: OnnxGraph, fileName: (location: { file: string }) => string): Int8Product {
  const quantized = new Map<string, QuantizedRows>();
  const constant = (name: string, value: number) =>
    graph.constant(`int8.${name}`, ElementType.float32, [1], Float32Array.of(value));
  /** Made with the first product: a graph in another precision has none of it. */
  const makeConstants = () => ({
    one: constant('one', 1),
    zero: constant('zero', 0),
    step: constant('step', 1 / LARGEST),
    zeroPoint: graph.constant('int8.zero_point', ElementType.uint8, [1], Uint8Array.of(ZERO_POINT)),
    lastAxis: graph.constant('int8.last_axis', ElementType.int64, [1], BigInt64Array.of(-1n)),
    flat: graph.constant('int8.flat', ElementType.int64, [1], BigInt64Array.of(-1n)),
  });
  let constants: ReturnType<typeof makeConstants> | undefined;

  const quantize = (x: string): QuantizedRows => {
    constants ??= makeConstants();
    const { zero, step, zeroPoint, lastAxis, flat } = constants;
    const reduce = (opType: string) => graph.node(opType, [x, lastAxis], { attributes: { keepdims: { int: 1 } } });
    // Two reductions that write nothing take less time than Abs, which writes a copy, and one.
    const negated = graph.node('Neg', [reduce('ReduceMin')]);
    // Reductions to a largest pass over a NaN, and an integer knows none: it would be rounded away, and a vector that is
    // refused in float32 be served. The sum is NaN or infinite with any of its terms, times zero NaN, and Max keeps that.
    const notFinite = graph.node('Mul', [reduce('ReduceSum'), zero]);
    const largest = graph.node('Max', [reduce('ReduceMax'), negated, notFinite]);
    const scales = graph.node('Mul', [largest, step]); // [N, 1]
    const flatScales = graph.node('Reshape', [scales, flat]); // [N]
    const zeroPoints = graph.node('Expand', [zeroPoint, graph.node('Shape', [flatScales])]);
    const integers = graph.node('QuantizeLinear', [x, flatScales, zeroPoints], { attributes: { axis: { int: 0 } } });
    return { integers, scales };
  };

  return (x, { values, scales }, name) => {
    const rows = quantized.get(x) ?? quantize(x);
    quantized.set(x, rows);
    const external = (suffix: string, type: ElementType, location: TensorLocation<StoredType>) =>
      graph.externalConstant(`${name}.${suffix}`, type, location.shape, {
        file: fileName(location),
        offset: location.offset,
        byteLength: location.byteLength,
      });
    const weights = external('integers', ElementType.int8, values);
    const columnScales = external('scales', ElementType.float32, scales);
    const { one, zeroPoint } = constants as NonNullable<typeof constants>;
    // MatMulInteger, Cast and Mul by the scale of each column in one operator. Its scale of the left side is a single
    // number, so that of each row follows.
    const product = graph.node('MatMulIntegerToFloat', [rows.integers, weights, one, columnScales, zeroPoint], {
      domain: MICROSOFT,
    });
    return graph.node('Mul', [product, rows.scales]);
  };
}
