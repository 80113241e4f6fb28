import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ProtobufWriter } from '../../../src/formats/graph-writer/protobuf-writer.ts';
import { readOnnxFacts } from '../../../src/formats/onnx/onnx-facts.ts';
import { paddedFixtures } from '../../support/padded-fixtures.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const graph = (name: string) => path.join(paddedFixtures, name);

describe('readOnnxFacts()', () => {
  it('finds operators, data files and outputs, as onnx in Python does', () => {
    const plain = readOnnxFacts(graph('bert-mean/onnx/model.onnx'));
    // set(node.op_type for node in onnx.load(file).graph.node)
    for (const operator of ['Gather', 'LayerNormalization', 'MatMul', 'Softmax', 'Erf']) {
      assert.ok(plain.operators.has(operator), operator);
    }
    assert.equal(plain.operators.has('DynamicQuantizeLinear'), false);
    assert.deepEqual([...plain.outputs], [['last_hidden_state', [null, null, 32]]]);
    assert.equal(plain.dataLocations.size, 0);
    const quantized = readOnnxFacts(graph('bert-mean/onnx/model_quantized.onnx'));
    assert.ok(quantized.operators.has('DynamicQuantizeLinear') && quantized.operators.has('MatMulInteger'));
    const decoder = readOnnxFacts(graph('qwen3-decoder/onnx/model.onnx'));
    assert.deepEqual([...decoder.dataLocations], ['model.onnx_data']);
    assert.deepEqual(decoder.outputs.get('present.1.value'), [null, 2, null, 16]);
    assert.equal(decoder.outputs.size, 5);
  });

  it('finds operators in subgraphs and functions, and skips weights of any size unread', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const file = path.join(folder, 'model.onnx');
    const node = (operator: string) => (message: ProtobufWriter) => message.string(4, operator);
    const model = new ProtobufWriter();
    model.message(7, (outer) => {
      outer.message(5, (tensor) => tensor.bytes(9, new Uint8Array(300_000).fill(0xff)));
      outer.message(1, (branch) => {
        branch.string(4, 'If');
        branch.message(5, (attribute) => attribute.message(6, (inner) => inner.message(1, node('Inner'))));
      });
      outer.message(12, (output) => output.string(1, 'last_hidden_state'));
    });
    model.message(25, (definition) => definition.message(7, node('InFunction')));
    writeFileSync(file, model.finish());
    const facts = readOnnxFacts(file);
    assert.deepEqual([...facts.operators].sort(), ['If', 'InFunction', 'Inner']);
    assert.deepEqual([...facts.outputs], [['last_hidden_state', []]]);
    rmSync(folder, { recursive: true });
  });

  it('ends with one clear line on files that are cut or damaged anywhere', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const file = path.join(folder, 'model.onnx');
    const whole = readFileSync(graph('bert-mean/onnx/model.onnx'));
    const random = new SeededRandom(4);
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(whole.subarray(0, random.chance(0.5) ? random.integer(0, whole.length) : whole.length));
      for (let i = 0; i < 20; i++)
        if (bytes.length > 0) bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
      writeFileSync(file, bytes);
      try {
        readOnnxFacts(file);
      } catch (error) {
        assert.match(
          (error as Error).message,
          /^model\.onnx is not an ONNX graph \(.*\)\. Download it again, or remove it\.$/,
        );
        refused += 1;
      }
    }
    assert.ok(refused > 100, `${refused}`);
    rmSync(folder, { recursive: true });
  });
});
