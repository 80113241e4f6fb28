import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ElementType, OnnxGraph } from '../../src/formats/graph-writer/onnx-graph.ts';

/** [1, 2] activations of 255, unsigned, times [2, 1] weights of `weight`, by ONNX Runtime as it comes. */
export async function multiplyIntegers(weight: number): Promise<number> {
  const graph = new OnnxGraph('product');
  const x = graph.input('x', ElementType.uint8, [1, 2]);
  const weights = graph.constant('weights', ElementType.int8, [2, 1], new Uint8Array(2).fill(weight));
  graph.node('MatMulInteger', [x, weights], { outputs: [graph.output('y', ElementType.int32, [1, 1])] });
  const session = await InferenceSession.create(graph.serialize({ '': 17 }), { executionProviders: ['cpu'] });
  const results = await session.run({ x: new Tensor('uint8', Uint8Array.of(255, 255), [1, 2]) });
  return Number(results.y?.data[0]);
}

/** Whether this processor's sums of two such products overflow with the largest weight: it has no VNNI. */
export async function integerProductsOverflow(): Promise<boolean> {
  return (await multiplyIntegers(127)) !== 2 * 255 * 127;
}
