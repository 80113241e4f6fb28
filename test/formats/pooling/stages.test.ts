import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fromHalves } from '../../../src/formats/onnx/half-float.ts';
import { loadStages } from '../../../src/formats/pooling/load-stages.ts';
import { pool } from '../../../src/formats/pooling/pool.ts';
import type { DenseStage, Stage } from '../../../src/formats/pooling/stages.ts';
import type { TensorLocation } from '../../../src/model-files/folder/safetensors.ts';
import type { Pooling } from '../../../src/model-files/manifest.ts';
import { largestDifference } from '../../support/difference.ts';
import { paddedFixtures } from '../../support/padded-fixtures.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

/** Made by sentence-transformers' own modules (test/fixtures/padded/make.py). */
const stages = JSON.parse(readFileSync(path.join(paddedFixtures, 'stages.json'), 'utf8')) as {
  lengths: number[];
  /** Padding is 1e6. */
  states: number[];
  pooling: Record<Pooling, number[]>;
  inputs: number[];
  activations: Record<DenseStage['activation'], number[]>;
  layer_norm: Record<'weight' | 'bias' | 'rows' | 'result', number[]>;
};

describe('pool()', () => {
  const sequences = { starts: Int32Array.of(0, 5, 10), lengths: Int32Array.from(stages.lengths) };
  const states = Float32Array.from(stages.states);
  const width = states.length / 15;

  for (const [mode, expected] of Object.entries(stages.pooling)) {
    it(`gives what sentence-transformers gives: ${mode}`, () => {
      assert.ok(largestDifference(pool(states, width, sequences, mode as Pooling), expected) < 1e-6);
    });
  }

  it('refuses hidden states without a declared pooling', () => {
    assert.throws(() => pool(states, width, sequences, 'in_graph'), /nothing says how to pool them/);
  });
});

describe('loadStages()', () => {
  const engineSettings = {
    device: 'cpu',
    deviceId: 0,
    dtype: 'fp32',
    threads: 2,
    maxTokens: 64,
    maxBatchTokens: 64,
    prepacking: true,
    mustBeatCpu: false,
  } as const;
  /** Writes numbers to a file, after a few bytes that do not belong to them. */
  const tensor = (folder: string, name: string, dtype: TensorLocation['dtype'], shape: number[], bytes: Buffer) => {
    const file = path.join(folder, name);
    writeFileSync(file, Buffer.concat([Buffer.from('abc'), bytes]));
    return { file, dtype, shape, offset: 3, byteLength: bytes.length };
  };
  const floats = (values: number[]) => Buffer.from(Float32Array.from(values).buffer);

  for (const [activation, expected] of Object.entries(stages.activations)) {
    it(`applies ${activation} as PyTorch does`, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
      const weight = tensor(folder, 'w', 'F32', [1, 1], floats([1]));
      const stage: Stage = { kind: 'dense', weight, bias: null, activation: activation as DenseStage['activation'] };
      const dense = await loadStages([stage], engineSettings);
      assert.ok(largestDifference(await dense(Float32Array.from(stages.inputs)), expected) < 1e-6);
      rmSync(folder, { recursive: true });
    });
  }

  it('applies LayerNorm as PyTorch does', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const { weight, bias, rows, result } = stages.layer_norm;
    const part = (name: string, values: number[]) => tensor(folder, name, 'F32', [values.length], floats(values));
    const stage: Stage = { kind: 'layer_norm', weight: part('w', weight), bias: part('b', bias) };
    const norm = await loadStages([stage], engineSettings);
    assert.ok(largestDifference(await norm(Float32Array.from(rows)), result) < 1e-6);
    rmSync(folder, { recursive: true });
  });

  it('reads weights in every precision of safetensors', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    // 1, −2, 0.5, 65504 and the smallest half float: exact in each where listed.
    const halves = Buffer.from(Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x7bff).buffer);
    const bfloats = Buffer.from(Uint16Array.of(0x3f80, 0xc000, 0x3f00, 0x4040).buffer);
    for (const [dtype, bytes, matrix] of [
      ['F16', halves, [1, -2, 0.5, 65504]],
      ['BF16', bfloats, [1, -2, 0.5, 3]],
      ['F32', floats([1, -2, 0.5, 0.1]), [1, -2, 0.5, Math.fround(0.1)]],
    ] as const) {
      const weight = tensor(folder, dtype, dtype, [2, 2], bytes);
      const bias = tensor(folder, 'bias', 'F32', [2], floats([10, 20]));
      const dense = await loadStages([{ kind: 'dense', weight, bias, activation: 'identity' }], engineSettings);
      const [a, b, c, d] = matrix;
      assert.deepEqual(
        Array.from(await dense(Float32Array.of(1, 2, 3, 4))),
        [a + 2 * b + 10, c + 2 * d + 20, 3 * a + 4 * b + 10, 3 * c + 4 * d + 20].map(Math.fround),
        dtype,
      );
    }
    rmSync(folder, { recursive: true });
  });

  it('gives a row the same alone as among others, whatever is prepacked of the model', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const random = new SeededRandom(5);
    const numbers = (count: number) => Array.from({ length: count }, () => random.next() - 0.5);
    const layers: Stage[] = [
      {
        kind: 'dense',
        weight: tensor(folder, 'up', 'F32', [300, 130], floats(numbers(300 * 130))),
        bias: tensor(folder, 'bias', 'F32', [300], floats(numbers(300))),
        activation: 'gelu',
      },
      {
        kind: 'layer_norm',
        weight: tensor(folder, 'scale', 'F32', [300], floats(numbers(300))),
        bias: tensor(folder, 'shift', 'F32', [300], floats(numbers(300))),
      },
      {
        kind: 'dense',
        weight: tensor(folder, 'down', 'F32', [40, 300], floats(numbers(40 * 300))),
        bias: null,
        activation: 'tanh',
      },
    ];
    const dense = await loadStages(layers, { ...engineSettings, prepacking: false });
    const rows = Float32Array.from(numbers(33 * 130));
    const together = await dense(rows);
    for (let i = 0; i < 33; i++) {
      const alone = await dense(rows.slice(i * 130, (i + 1) * 130));
      assert.deepEqual(alone, together.slice(i * 40, (i + 1) * 40), `row ${i}`);
    }
    rmSync(folder, { recursive: true });
  });
});

describe('fromHalves()', () => {
  it('reads every kind of half float: normal, subnormal, zero, infinite, not a number', () => {
    const bits = Uint16Array.of(0x3c00, 0xbc01, 0x7bff, 0x0001, 0x83ff, 0x0000, 0x7c00, 0xfc00, 0x7e00);
    assert.deepEqual(Array.from(fromHalves(bits)), [
      1,
      -(1 + 2 ** -10),
      65504,
      2 ** -24,
      -1023 * 2 ** -24,
      0,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it('takes the Float16Array of newer Nodes as it is', () => {
    assert.deepEqual(Array.from(fromHalves([0.5, -2])), [0.5, -2]);
  });
});
