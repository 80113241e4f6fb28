import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { ElementType, OnnxGraph } from '../../../src/formats/graph-writer/onnx-graph.ts';
import { ProtobufWriter } from '../../../src/formats/graph-writer/protobuf-writer.ts';
import { hasWideValues } from '../../../src/formats/onnx/int8-tensors.ts';
import { readOnnxFacts } from '../../../src/formats/onnx/onnx-facts.ts';
import { paddedFixtures } from '../../support/padded-fixtures.ts';
import { fixtures } from '../../support/starter.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
const file = path.join(folder, 'model.onnx');
after(() => rmSync(folder, { recursive: true }));

function read(define: (graph: OnnxGraph) => void): { count: number; isWide: boolean } {
  const graph = new OnnxGraph('weights');
  graph.output('y', ElementType.float32, [1]);
  define(graph);
  writeFileSync(file, graph.serialize({ 'com.microsoft': 1, '': 19 }));
  const { int8Tensors, opset } = readOnnxFacts(file);
  assert.equal(opset, 19);
  return { count: int8Tensors.length, isWide: hasWideValues(int8Tensors) };
}

/** Many values, the last of which must be found. */
const weights = (last: number) => new Uint8Array(new Int8Array(2_500_000).fill(1).fill(last, -1).buffer);

describe('hasWideValues()', () => {
  for (const [value, isWide] of [
    [64, false],
    [-64, false],
    [65, true],
    [-65, true],
    [127, true],
    [-128, true],
  ] as const) {
    it(`says ${isWide} for a weight of ${value}, in the graph and beside it`, () => {
      const inside = (graph: OnnxGraph) => graph.constant('w', ElementType.int8, [2_500_000], weights(value));
      assert.deepEqual(read(inside), { count: 1, isWide });
      const { length } = weights(value);
      // Values that are not the tensor's lie before and behind it.
      writeFileSync(
        path.join(folder, 'model.onnx_data'),
        [Buffer.alloc(7, 127), weights(value), Buffer.alloc(9, 127)].reduce(
          (a, b) => Buffer.concat([a, b]),
          Buffer.alloc(0),
        ),
      );
      const data = { file: 'model.onnx_data', offset: 7, byteLength: length };
      const beside = (graph: OnnxGraph) => graph.externalConstant('w', ElementType.int8, [length], data);
      assert.deepEqual(read(beside), { count: 1, isWide });
    });
  }

  it('does not ask zero points, nor unsigned bytes', () => {
    const found = read((graph) => {
      graph.constant('zero', ElementType.int8, [], Uint8Array.of(128));
      graph.constant('unsigned', ElementType.uint8, [4], new Uint8Array(4).fill(255));
    });
    assert.deepEqual(found, { count: 0, isWide: false });
  });

  it('finds constants that are nodes, in branches too, and takes numbers that are no bytes for wide', () => {
    const tensor = (write: (message: ProtobufWriter) => void) => (attribute: ProtobufWriter) =>
      attribute.message(5, (message) => write(message.integer(2, ElementType.int8)));
    const write = (values: (message: ProtobufWriter) => void) => {
      const constant = (graph: ProtobufWriter) =>
        graph.message(1, (node) => node.string(4, 'Constant').message(5, tensor(values)));
      const model = new ProtobufWriter().message(7, (graph) => {
        graph.message(1, (branch) => branch.message(5, (attribute) => attribute.message(6, constant)));
        graph.message(12, (output) => output.string(1, 'y'));
      });
      writeFileSync(file, model.finish());
      return readOnnxFacts(file).int8Tensors;
    };
    assert.equal(hasWideValues(write((message) => message.bytes(9, Uint8Array.of(1, 2, 64)))), false);
    assert.equal(hasWideValues(write((message) => message.bytes(9, Uint8Array.of(1, 2, 65)))), true);
    assert.equal(hasWideValues(write((message) => message.bytes(5, new Uint8Array(40).fill(1)))), true);
    // A zero point of −1, as a number.
    const minusOne = Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
    assert.deepEqual(
      write((message) => message.bytes(5, minusOne)),
      [],
    );
  });

  it('knows the exports of optimum and of sentence-transformers', () => {
    const isWide = (graph: string) => hasWideValues(readOnnxFacts(graph).int8Tensors);
    assert.equal(isWide(path.join(fixtures, 'named-exports/bert/onnx/model_qint8_avx512_vnni.onnx')), true);
    // Its weights are unsigned.
    assert.equal(isWide(path.join(paddedFixtures, 'bert-mean/onnx/model_quantized.onnx')), false);
  });
});
