import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Attribute, type Dimension, ElementType, OnnxGraph } from '../../formats/graph-writer/onnx-graph.ts';

/** Operators that multiply 8-bit weights, or that ONNX Runtime makes such a product of. */
export const PRODUCT_OPERATORS = [
  'MatMulInteger',
  'MatMulIntegerToFloat',
  'DynamicQuantizeMatMul',
  'QAttention',
  'QLinearMatMul',
  'QLinearConv',
  'QGemm',
  'DequantizeLinear',
] as const;
export type ProductOperator = (typeof PRODUCT_OPERATORS)[number];

const MICROSOFT = 'com.microsoft';
const MICROSOFT_OPERATORS = ['MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'QAttention', 'QGemm'];
/** Two products of the largest operands, 2 × 255 × 127, do not fit into the 16 bits that some processors add them in. */
const ACTIVATION = 255;
const WEIGHT = 127;
const SIDE = 16;
const PRODUCT = SIDE * ACTIVATION * WEIGHT;
/** Row counts: one row and several have kernels of their own. */
const ROW_COUNTS = [1, 4];
/** What operators with an 8-bit result give for PRODUCT. */
const EIGHT_BIT_RESULT = 200;
/** Larger than any rounding; sums that overflow come out as about half. */
const TOLERANCE = 0.02;

interface Probe {
  operator: ProductOperator;
  output: string;
  expected: number;
}

/**
 * Multiplies unsigned activations by signed 8-bit weights with every operator that ONNX Runtime has for it, and compares
 * with the plain product. A few milliseconds.
 *
 * @param opset the ONNX version of the graph that is to be served: what ONNX Runtime does depends on it.
 * @param options those of the session that is to serve it.
 * @returns the operators with a wrong result; none on a processor whose sums do not overflow.
 */
export async function findWrongProducts(
  opset: number,
  options: InferenceSession.SessionOptions,
): Promise<ProductOperator[]> {
  const { graph, probes } = describeProbes();
  // The youngest of the operators came with opset 11.
  const bytes = graph.serialize({ '': Math.max(opset, 11), [MICROSOFT]: 1 });
  const session = await InferenceSession.create(bytes, options);
  const wrong = new Set<ProductOperator>();
  for (const rows of ROW_COUNTS) {
    const results = await session.run({
      integers: new Tensor('uint8', new Uint8Array(rows * SIDE).fill(ACTIVATION), [rows, SIDE]),
      floats: new Tensor('float32', new Float32Array(rows * SIDE).fill(ACTIVATION), [rows, SIDE]),
    });
    for (const { operator, output, expected } of probes) {
      const values = Array.from(results[output]?.data as ArrayLike<number>);
      if (values.some((value) => !(Math.abs(value / expected - 1) < TOLERANCE))) wrong.add(operator);
    }
  }
  await session.release();
  return [...wrong];
}

/**
 * Activations are inputs and weights constants, as in an export: ONNX Runtime rewrites products with constants only, and
 * no constant twice, so that none is shared here.
 */
function describeProbes(): { graph: OnnxGraph; probes: Probe[] } {
  const graph = new OnnxGraph('products');
  const probes: Probe[] = [];
  const integers = graph.input('integers', ElementType.uint8, ['rows', SIDE]);
  const floats = graph.input('floats', ElementType.float32, ['rows', SIDE]);
  let count = 0;
  const float = (value: number, shape: number[] = []) =>
    graph.constant(`float_${count++}`, ElementType.float32, shape, new Float32Array(sizeOf(shape)).fill(value));
  const byte = (type: ElementType, value: number, shape: number[] = []) =>
    graph.constant(`byte_${count++}`, type, shape, new Uint8Array(sizeOf(shape)).fill(value));
  const reshape = (...shape: number[]) =>
    graph.node('Reshape', [
      integers,
      graph.constant(`shape_${count++}`, ElementType.int64, [shape.length], BigInt64Array.from(shape, BigInt)),
    ]);
  const one = float(1);
  const zero = byte(ElementType.uint8, 0);
  const weights = (...shape: number[]) => byte(ElementType.int8, WEIGHT, shape);
  const signedZero = () => byte(ElementType.int8, 0);

  const add = (
    operator: ProductOperator,
    inputs: string[],
    as: {
      type?: ElementType;
      shape?: Dimension[];
      expected?: number;
      opType?: string;
      attributes?: Record<string, Attribute>;
    } = {},
  ) => {
    const {
      type = ElementType.float32,
      shape = ['rows', SIDE],
      expected = PRODUCT,
      opType = operator,
      attributes = {},
    } = as;
    const output = graph.output(`${operator}.${probes.length}`, type, shape);
    const domain = MICROSOFT_OPERATORS.includes(opType) ? { domain: MICROSOFT } : {};
    graph.node(opType, inputs, { ...domain, attributes, outputs: [output] });
    probes.push({ operator, output, expected });
  };

  add('MatMulInteger', [integers, weights(SIDE, SIDE)], { type: ElementType.int32 });
  // As exporters write it; ONNX Runtime makes one operator of all of these.
  const dynamic = ['dynamic_integers', 'dynamic_scale', 'dynamic_zero'] as const;
  const [quantized, scale, zeroPoint] = dynamic;
  graph.node('DynamicQuantizeLinear', [floats], { outputs: dynamic });
  const sums = graph.node('MatMulInteger', [quantized, weights(SIDE, SIDE), zeroPoint, signedZero()]);
  const asFloat = graph.node('Cast', [sums], { attributes: { to: { int: ElementType.float32 } } });
  add('MatMulInteger', [asFloat, graph.node('Mul', [scale, one])], { opType: 'Mul' });
  add('MatMulIntegerToFloat', [integers, weights(SIDE, SIDE), one, one]);
  add('DynamicQuantizeMatMul', [floats, weights(SIDE, SIDE), one]);
  add('QGemm', [integers, one, zero, weights(SIDE, SIDE), one, signedZero()]);
  const quantize = (matrix: string) => [one, zero, matrix, one, signedZero(), float(PRODUCT / EIGHT_BIT_RESULT), zero];
  const eightBit = { type: ElementType.uint8, expected: EIGHT_BIT_RESULT };
  add('QLinearMatMul', [integers, ...quantize(weights(SIDE, SIDE))], eightBit);
  const image = { ...eightBit, shape: [1, SIDE, 1, 'rows'] };
  add('QLinearConv', [reshape(1, SIDE, 1, -1), ...quantize(weights(SIDE, SIDE, 1, 1))], image);
  // The mean of equal values is their value, whatever the attention.
  const projections = [weights(SIDE, 3 * SIDE), float(0, [3 * SIDE]), one, one, '', zero, signedZero()];
  const attention = { shape: [1, 'rows', SIDE], attributes: { num_heads: { int: 1 } } };
  add('QAttention', [reshape(1, -1, SIDE), ...projections], attention);
  const dequantized = graph.node('DequantizeLinear', [graph.node('QuantizeLinear', [floats, one, zero]), one, zero]);
  const matrix = graph.node('DequantizeLinear', [weights(SIDE, SIDE), one, signedZero()]);
  add('DequantizeLinear', [dequantized, matrix], { opType: 'MatMul' });
  return { graph, probes };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}
