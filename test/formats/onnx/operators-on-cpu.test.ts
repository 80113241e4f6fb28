import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { operatorsOnCpu } from '../../../src/formats/onnx/operators-on-cpu.ts';
import { parseProfile, type RecordedOperator } from '../../../src/formats/onnx/record-operators.ts';
import { fixtures } from '../../support/starter.ts';

/** Profiles of ONNX Runtime 1.30.0 on WebGPU for a batch of 2 × 4, made by scripts/make-profile-fixture.ts. */
function profile(name: string): RecordedOperator[] {
  return parseProfile(readFileSync(path.join(fixtures, 'profiles', `${name}.json`), 'utf8'));
}

const LARGEST_MASK = 2 * 4 * 4;
const ids = { type: 'int64', dimensions: [2, 4] };
const states = { type: 'float', dimensions: [2, 4, 32] };

function onCpu(operator: string, inputs: RecordedOperator['inputs'], activationBytes: number): string[] {
  return operatorsOnCpu([{ provider: 'CPUExecutionProvider', operator, inputs, activationBytes }], LARGEST_MASK);
}

describe('operatorsOnCpu', () => {
  it('lets exporters’ arithmetic on shapes, positions and masks pass', () => {
    for (const name of ['bert-fp32', 'qwen3-decoder-fp32']) {
      const operators = profile(name);
      const providers = new Set(operators.map(({ provider }) => provider));
      assert.deepEqual([...providers].sort(), ['CPUExecutionProvider', 'WebGpuExecutionProvider']);
      assert.ok(operators.some(({ operator }) => operator === 'MatMul'));
      assert.deepEqual(operatorsOnCpu(operators, LARGEST_MASK), [], name);
    }
  });

  it('names the products of a dynamically quantized export, each once', () => {
    assert.deepEqual(operatorsOnCpu(profile('bert-q8'), LARGEST_MASK), ['DynamicQuantizeLinear', 'MatMulInteger']);
  });

  it('names the fused operators that WebGPU has no kernel for', () => {
    assert.deepEqual(operatorsOnCpu(profile('bert-fused'), LARGEST_MASK), ['Attention', 'EmbedLayerNormalization']);
  });

  it('says nothing of operators on the device', () => {
    const operators = profile('bert-q8').filter(({ provider }) => provider === 'WebGpuExecutionProvider');
    assert.deepEqual(operatorsOnCpu(operators, LARGEST_MASK), []);
  });

  it('lets the lookup of embeddings pass, but not a choice among hidden states', () => {
    const table = { type: 'float16', dimensions: [320, 32] };
    assert.deepEqual(onCpu('Gather', [table, ids], 64), []);
    assert.deepEqual(onCpu('GatherBlockQuantized', [{ ...table, type: 'uint8' }, ids, table], 64), []);
    assert.deepEqual(onCpu('Gather', [states, { type: 'int64', dimensions: [] }], 1024), ['Gather']);
  });

  it('lets a mask in floating point pass, but not the scores of several heads', () => {
    assert.deepEqual(onCpu('Sub', [{ type: 'float', dimensions: [2, 1, 4, 4] }], 128), []);
    assert.deepEqual(onCpu('Softmax', [{ type: 'float', dimensions: [2, 2, 4, 4] }], 256), ['Softmax']);
  });

  it('finds what makes little out of hidden states', () => {
    assert.deepEqual(onCpu('ReduceMean', [states], 1024), ['ReduceMean']);
    assert.deepEqual(onCpu('Cast', [{ ...states, type: 'bfloat16' }], 512), ['Cast']);
  });
});
