import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type EngineSettings, toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { loadModel } from '../../../src/formats/load-model.ts';
import { staticFixtures } from '../../support/static-fixtures.ts';
import { type StoredTensor, writeSafetensors } from '../../support/write-safetensors.ts';

const TOKENS = 54;
const WIDTH = 3;
const SETTINGS: EngineSettings = {
  device: 'cpu',
  deviceId: 0,
  dtype: 'fp32',
  threads: 1,
  maxTokens: 48,
  maxBatchTokens: 256,
  prepacking: true,
  mustBeatCpu: false,
};

/** Numbers that all types of the table have. */
const numbers = Array.from({ length: TOKENS * WIDTH }, (_, i) => ((i * 7) % 61) - 30);
const bytesOf = ({ buffer }: { buffer: ArrayBufferLike }) => new Uint8Array(buffer as ArrayBuffer);
/** A float32 has its upper half in common with a bfloat16. */
const bfloat16 = Uint16Array.from(new Uint32Array(Float32Array.from(numbers).buffer), (bits) => bits >>> 16);
/** IEEE 754 binary16 of integers below 2048. */
const float16 = Uint16Array.from(numbers, (number) => {
  if (number === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(number)));
  const fraction = (Math.abs(number) / 2 ** exponent - 1) * 1024;
  return (number < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
});
const TABLES: Record<string, Uint8Array> = {
  F32: bytesOf(Float32Array.from(numbers)),
  F64: bytesOf(Float64Array.from(numbers)),
  F16: bytesOf(float16),
  BF16: bytesOf(bfloat16),
  I8: bytesOf(Int8Array.from(numbers)),
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  cpSync(path.join(staticFixtures, 'model2vec'), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function load(tensors: Record<string, StoredTensor>, settings: Partial<EngineSettings> = {}) {
  writeSafetensors(path.join(folder, 'model.safetensors'), tensors);
  return loadModel(await describeModel({ name: 'copy', folder }), { ...SETTINGS, ...settings });
}

const rowOf = (token: number) => numbers.slice(token * WIDTH, (token + 1) * WIDTH);

describe('a table of token vectors', () => {
  for (const [dtype, bytes] of Object.entries(TABLES)) {
    it(`is averaged exactly as it is stored, in ${dtype}`, async () => {
      const { run } = await load({ embeddings: { dtype, shape: [TOKENS, WIDTH], bytes } });
      const { rows, computedTokens } = await run(toBatch([[5, 6, 7, 8], [53]], [false, false]));
      const [a, b, c, d] = [5, 6, 7, 8].map(rowOf) as [number[], number[], number[], number[]];
      const mean = a.map((value, i) => (value + (b[i] as number) + (c[i] as number) + (d[i] as number)) / 4);
      assert.deepEqual(Array.from(rows), [...mean, ...rowOf(53)]);
      assert.equal(computedTokens, 5);
    });
  }

  it('gives the vectors of single tokens where they are asked for', async () => {
    const { run } = await load({ embeddings: { dtype: 'F32', shape: [TOKENS, WIDTH], bytes: TABLES.F32 ?? 0 } });
    const { rows } = await run(toBatch([[5, 6], [7, 7], [8]], [true, false, true]));
    assert.deepEqual(Array.from(rows), [5, 6, 7, 8].flatMap(rowOf));
  });

  for (const [dtype, rows] of [
    ['I32', Int32Array.from({ length: TOKENS }, (_, token) => token % 2)],
    ['I64', BigInt64Array.from({ length: TOKENS }, (_, token) => BigInt(token % 2))],
  ] as const) {
    it(`is looked up by a mapping of ${dtype}, and weighed token by token`, async () => {
      const weights = Float64Array.from({ length: TOKENS }, (_, token) => token / 2);
      const { run } = await load({
        embeddings: { dtype: 'F32', shape: [2, WIDTH], bytes: bytesOf(Float32Array.of(1, 2, 3, 10, 20, 30)) },
        mapping: { dtype, shape: [TOKENS], bytes: bytesOf(rows) },
        weights: { dtype: 'F64', shape: [TOKENS], bytes: bytesOf(weights) },
      });
      assert.deepEqual(Array.from((await run(toBatch([[4, 5]]))).rows), [13.5, 27, 40.5]);
    });
  }

  it('is refused where a token is mapped to a row that there is not', async () => {
    const mapping = { dtype: 'I32', shape: [TOKENS], bytes: bytesOf(new Int32Array(TOKENS).fill(2, 9)) };
    const embeddings = { dtype: 'F32', shape: [2, WIDTH], bytes: 2 * WIDTH * 4 };
    await assert.rejects(load({ embeddings, mapping }), { name: 'StartError', message: /row 2.*2 rows/ });
  });

  it('is not computed on a GPU', async () => {
    const embeddings = { dtype: 'F32', shape: [TOKENS, WIDTH], bytes: TABLES.F32 ?? 0 };
    for (const device of ['cuda', 'webgpu'] as const) {
      await assert.rejects(load({ embeddings }, { device }), { name: 'StartError', message: new RegExp(device) });
    }
  });
});
