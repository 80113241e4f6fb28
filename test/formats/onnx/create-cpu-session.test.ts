import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import type { EngineSettings } from '../../../src/engine/protocol.ts';
import { StartError } from '../../../src/errors.ts';
import { ElementType, OnnxGraph } from '../../../src/formats/graph-writer/onnx-graph.ts';
import { createCpuSession } from '../../../src/formats/onnx/create-cpu-session.ts';
import { integerProductsOverflow } from '../../support/multiply-integers.ts';

const SIDE = 8;
const settings: EngineSettings = {
  device: 'cpu',
  deviceId: 0,
  dtype: 'int8',
  threads: 1,
  maxTokens: 8,
  maxBatchTokens: 8,
  prepacking: true,
  mustBeatCpu: false,
};

describe('createCpuSession()', () => {
  let folder: string;
  let overflows: boolean;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    overflows = await integerProductsOverflow();
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Activations of 255 by the products that `define` adds and that give y. */
  async function multiply(opset: number, define: (graph: OnnxGraph, x: string) => void, others: string[] = []) {
    const graph = new OnnxGraph('export');
    define(graph, graph.input('x', ElementType.uint8, ['rows', SIDE]));
    const file = path.join(folder, 'model.onnx');
    writeFileSync(file, graph.serialize({ '': opset }));
    const session = await createCpuSession(file, settings, others);
    const { y } = await session.run({ x: new Tensor('uint8', new Uint8Array(2 * SIDE).fill(255), [2, SIDE]) });
    return new Set(Array.from(y?.data as ArrayLike<number>));
  }
  const weights = (graph: OnnxGraph, value: number) =>
    graph.constant('weights', ElementType.int8, [SIDE, SIDE], new Uint8Array(SIDE * SIDE).fill(value));
  const integers = (graph: OnnxGraph, x: string, matrix: string) =>
    graph.node('MatMulInteger', [x, matrix], { outputs: [graph.output('y', ElementType.int32, ['rows', SIDE])] });
  /** Two products of the same weights, unlike enough to stay two. */
  const shared = (value: number) => (graph: OnnxGraph, x: string) => {
    const matrix = weights(graph, value);
    const zero = graph.constant('zero', ElementType.uint8, [], Uint8Array.of(0));
    const products = [
      [x, matrix],
      [x, matrix, zero],
    ].map((inputs) => graph.node('MatMulInteger', inputs));
    graph.node('Add', products, { outputs: [graph.output('y', ElementType.int32, ['rows', SIDE])] });
  };
  /** Its result is `value`. */
  const linear = (value: number) => (graph: OnnxGraph, x: string) => {
    const float = (name: string, number: number) =>
      graph.constant(name, ElementType.float32, [], Float32Array.of(number));
    const zero = graph.constant('zero', ElementType.uint8, [], Uint8Array.of(0));
    const signedZero = graph.constant('signed_zero', ElementType.int8, [], Uint8Array.of(0));
    const one = float('one', 1);
    const inputs = [x, one, zero, weights(graph, value), one, signedZero, float('scale', 255 * SIDE), zero];
    graph.node('QLinearMatMul', inputs, { outputs: [graph.output('y', ElementType.uint8, ['rows', SIDE])] });
  };

  it('gives exact products of wide weights, in the graph, beside it and transposed, on every processor', async () => {
    const right = new Set([255 * 127 * SIDE]);
    assert.deepEqual(await multiply(17, (graph, x) => integers(graph, x, weights(graph, 127))), right);
    const transposed = (graph: OnnxGraph, x: string) =>
      integers(graph, x, graph.node('Transpose', [weights(graph, 127)], { attributes: { perm: { ints: [1, 0] } } }));
    assert.deepEqual(await multiply(17, transposed), right);
    writeFileSync(path.join(folder, 'model.onnx_data'), new Uint8Array(SIDE * SIDE).fill(127));
    const data = { file: 'model.onnx_data', offset: 0, byteLength: SIDE * SIDE };
    const external = (graph: OnnxGraph, x: string) =>
      integers(graph, x, graph.externalConstant('weights', ElementType.int8, [SIDE, SIDE], data));
    assert.deepEqual(await multiply(17, external), right);
    assert.deepEqual(await multiply(17, linear(127)), new Set([127]));
  });

  it('serves weights of seven bits, whatever the operator', async () => {
    assert.deepEqual(await multiply(21, linear(63)), new Set([63]));
    assert.deepEqual(await multiply(17, shared(64)), new Set([2 * 255 * 64 * SIDE]));
  });

  it('refuses wide weights whose products this processor cannot compute exactly, and serves them on others', async () => {
    const advice = 'an export made with reduce_range, or a processor with AVX-512 VNNI or AVX-VNNI.';
    for (const [opset, define, right, detail] of [
      [21, linear(127), 127, 'QLinearMatMul of opset 21'],
      [17, shared(127), 2 * 255 * 127 * SIDE, 'Attempt to replace the existing tensor'],
    ] as const) {
      if (!overflows) {
        assert.deepEqual(await multiply(opset, define), new Set([right]));
        continue;
      }
      for (const [others, remedy] of [
        [[], `. Use ${advice}`],
        [['q4', 'fp16'], `. Set DTYPE to another one in the folder (q4, fp16), use ${advice}`],
      ] as const) {
        await assert.rejects(multiply(opset, define, [...others]), (error: Error) => {
          assert.ok(error instanceof StartError);
          assert.match(error.message, /^DTYPE=int8: the 8-bit weights of this export overflow in this processor's/);
          assert.ok(error.message.includes(detail) && error.message.endsWith(remedy), error.message);
          return true;
        });
      }
    }
  });
});
