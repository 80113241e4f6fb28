import assert from 'node:assert/strict';
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Batch } from '../../../src/engine/protocol.ts';
import type { EngineSupervisor } from '../../../src/engine/supervisor/supervisor.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import type { ModelManifest } from '../../../src/model-files/manifest.ts';
import { passCanary } from '../../../src/tasks/embedding/pass-canary.ts';
import { fixtures, packed } from '../../support/starter.ts';
import { realEngineEntry, superviseEngine } from '../../support/supervised-engine.ts';

const settings = { device: 'cpu', dtype: 'fp32' } as const;

/** A sound model of two components: the mean of its tokens' rows. */
function meanOf(rowOf: (id: number) => [number, number], seen: number[] = []) {
  return async ({ tokenIds, offsets }: Batch) => {
    const rows = Array.from({ length: offsets.length - 1 }, (_, i) => {
      const ids = Array.from(tokenIds.subarray(offsets[i], offsets[i + 1]));
      seen.push(...ids);
      const of = (component: 0 | 1) => ids.reduce((sum, id) => sum + rowOf(id)[component], 0) / ids.length;
      return [of(0), of(1)];
    });
    return { rows: Float32Array.from(rows.flat()) };
  };
}

const UNPADDED = { paddingToken: null, dividesByNorm: false, exactDtypes: [] };

function manifestOf(
  vocabularySize: number,
  selfCheck: ModelManifest['selfCheck'] = UNPADDED,
  maxTokens = 512,
): ModelManifest {
  return {
    canary: null,
    hiddenSize: 2,
    vocabularySize,
    maxTokens,
    selfCheck,
  } as Partial<ModelManifest> as ModelManifest;
}

const row = (id: number): [number, number] => [1 + Math.cos(id), Math.sin(id)];

describe('the self-check of an engine', () => {
  for (const [name, size, isZero] of [
    ['a row of zeros for the first token', 1000, (id) => id === 0],
    ['rows of zeros for the first tenth', 1000, (id) => id < 100],
    ['rows of zeros for the last half', 151_936, (id) => id > 75_000],
    ['rows of zeros but for every fifth token', 1000, (id) => id % 5 > 0],
    ['one row that is not zeros', 64, (id) => id !== 63],
    ['one token', 1, () => false],
    ['two tokens, the first of zeros', 2, (id) => id === 0],
  ] as [string, number, (id: number) => boolean][]) {
    it(`holds for a sound model with ${name}`, async () => {
      const run = meanOf((id) => (isZero(id) ? [0, 0] : row(id)));
      for (const maxTokens of [512, 8, 1]) {
        assert.ok((await passCanary(run, manifestOf(size, undefined, maxTokens), settings)).difference < 1e-5);
      }
    });
  }

  it('asks an export for no row of its padding token, whichever that is', async () => {
    for (const padTokenId of [0, 1, 7, 99]) {
      const seen: number[] = [];
      await passCanary(meanOf(row, seen), manifestOf(100, { ...UNPADDED, paddingToken: padTokenId }), settings);
      assert.ok(!seen.includes(padTokenId) && seen.every((id) => id >= 0 && id < 100));
    }
  });

  it('passes for a graph that normalizes its own output and divides a row of zeros by zero', async () => {
    const run = meanOf((id) => (id < 10 ? [Number.NaN, Number.NaN] : row(id)));
    const lone = { ...manifestOf(1000, { ...UNPADDED, paddingToken: 0, dividesByNorm: true }), maxTokens: 1 };
    assert.ok((await passCanary(run, lone, settings)).difference < 1e-5);
  });

  it('says what it saw of a model that makes no vectors', async () => {
    await assert.rejects(
      passCanary(
        meanOf(() => [0, 0]),
        manifestOf(1000),
        settings,
      ),
      {
        name: 'StartError',
        message: /The self-check failed: all 64 of the test sequences of 130 tokens .* a row of zeros/,
      },
    );
    await assert.rejects(
      passCanary(
        meanOf(() => [Number.NaN, 1]),
        manifestOf(1000),
        settings,
      ),
      {
        name: 'StartError',
        message: /one of the test sequences of 130 tokens .* non-finite values \(NaN or infinity\)/,
      },
    );
  });
});

describe('the self-check of an engine with safetensors', () => {
  let folder: string;
  let engine: EngineSupervisor | undefined;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(fixtures, 'qwen3-variants', 'bf16-deep'), folder, { recursive: true });
  });
  afterEach(async () => {
    await engine?.close();
    rmSync(folder, { recursive: true });
  });

  /** Writes zeros over the first rows of the table, as PyTorch keeps the row of `pad_token_id`. */
  async function zeroRows(count: (vocabularySize: number) => number): Promise<ModelManifest> {
    const manifest = await describeModel({ name: 'zeros', folder });
    const table = packed(manifest).tensors['embed_tokens.weight'];
    assert.ok(table);
    const [rows, width] = table.shape as [number, number];
    const file = openSync(table.file, 'r+');
    writeSync(
      file,
      Buffer.alloc((count(rows) * width * table.byteLength) / (rows * width)),
      0,
      undefined,
      table.offset,
    );
    closeSync(file);
    return manifest;
  }

  it('lets good weights serve whose table begins with a row of zeros', async () => {
    ({ engine } = await superviseEngine(realEngineEntry, { manifest: await zeroRows(() => 1) }));
    await engine.start();
  });

  it('keeps a table of zeros from serving, and says that it is one', async () => {
    ({ engine } = await superviseEngine(realEngineEntry, { manifest: await zeroRows((rows) => rows) }));
    await assert.rejects(engine.start(), { name: 'StartError', message: /The self-check failed: .* a row of zeros/ });
  });
});
