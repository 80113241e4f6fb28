import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Batch } from '../../../src/engine/protocol.ts';
import type { Dtype, ModelManifest } from '../../../src/model-files/manifest.ts';
import { judge, judgeScores } from '../../../src/tasks/embedding/judge-canary.ts';
import { passCanary } from '../../../src/tasks/embedding/pass-canary.ts';

const exact = { cosine: 1, difference: 0 };

describe('judge()', () => {
  it('holds float32 on a CPU to the reference’s own tolerance', () => {
    const cpu = { device: 'cpu', dtype: 'fp32' } as const;
    assert.equal(judge({ cosine: 1, difference: 1e-6 }, 1e-6, cpu), null);
    assert.match(
      judge({ cosine: 1, difference: 2e-6 }, 1e-6, cpu) ?? '',
      /differs by 2\.00e-6, expected at most 0\.000001/,
    );
  });

  it('holds float32 on WebGPU to 1e-4', () => {
    const webgpu = { device: 'webgpu', dtype: 'fp32' } as const;
    assert.equal(judge({ cosine: 1, difference: 9e-5 }, 1e-6, webgpu), null);
    assert.notEqual(judge({ cosine: 1, difference: 2e-4 }, 1e-6, webgpu), null);
    assert.equal(judge({ cosine: 1, difference: 2e-4 }, 1e-3, webgpu), null);
  });

  for (const dtype of ['bf16', 'fp16'] as const) {
    it(`holds ${dtype} to a cosine of 0.999, whatever single components do`, () => {
      const cuda = { device: 'cuda', dtype } as const;
      assert.equal(judge({ cosine: 0.9991, difference: 0.01 }, 1e-6, cuda), null);
      assert.match(
        judge({ cosine: 0.9989, difference: 0 }, 1e-6, cuda) ?? '',
        /cosine is 0\.998900, expected at least 0\.999/,
      );
    });
  }

  it('lets no NaN pass', () => {
    for (const dtype of ['fp32', 'bf16', 'fp16', 'q8'] as const) {
      const settings = { device: 'cuda', dtype } as const;
      assert.notEqual(judge({ cosine: Number.NaN, difference: Number.NaN }, 1, settings), null);
      assert.equal(judge(exact, 1, settings), null);
    }
  });
});

describe('passCanary()', () => {
  /** A row of a sequence's own, and in a batch of several a little of its neighbors. */
  const runWith = (neighbors: number) => async (batch: Batch) => {
    const count = batch.offsets.length - 1;
    const rows = Array.from({ length: count }, (_, i) => {
      const length = (batch.offsets[i + 1] as number) - (batch.offsets[i] as number);
      return [Math.cos(length), Math.sin(length) + (count > 1 ? neighbors : 0)];
    });
    return { rows: Float32Array.from(rows.flat()) };
  };
  const manifestWith = (exactDtypes: readonly Dtype[]) =>
    ({
      canary: null,
      hiddenSize: 2,
      vocabularySize: 100,
      maxTokens: 512,
      selfCheck: { paddingToken: null, dividesByNorm: false, exactDtypes },
    }) as unknown as ModelManifest;

  it('holds a precision that the format calls exact to the same vector in every batch, as float32', async () => {
    const settings = { device: 'cpu', dtype: 'int8' } as const;
    await passCanary(runWith(1e-6), manifestWith(['int8']), settings);
    await assert.rejects(
      passCanary(runWith(1e-3), manifestWith(['int8']), settings),
      /a different vector in a batch than alone.*differs by/,
    );
    await passCanary(runWith(1e-3), manifestWith(['O3']), settings);
  });
});

describe('judgeScores()', () => {
  const scores = {
    queries: [0, 1],
    documents: [2, 3],
    cosines: [
      [0.7646, 0.1414],
      [0.1355, 0.6],
    ],
    tolerance: 2e-3,
    halfPrecisionTolerance: 5e-3,
  };
  const off = (by: number) => scores.cosines.map((row, i) => row.map((score, j) => (i + j === 1 ? score : score + by)));
  const of = (dtype: 'fp32' | 'bf16' | 'fp16', by: number) => judgeScores(off(by), scores, { device: 'cpu', dtype });

  it('allows ±2e-3 in fp32 and ±5e-3 in half precision, as the canary says', () => {
    assert.equal(of('fp32', 1.9e-3), null);
    assert.match(of('fp32', -2.1e-3) ?? '', /^query 1 and document 1 score 0\.7625, expected 0\.7646 ± 0\.002$/);
    assert.equal(of('bf16', -4.9e-3), null);
    assert.notEqual(of('fp16', 5.1e-3), null);
  });

  it('lets no NaN and no missing row pass', () => {
    assert.notEqual(of('fp32', Number.NaN), null);
    assert.notEqual(judgeScores([[0.7646, 0.1414]], scores, { device: 'cpu', dtype: 'fp32' }), null);
  });

  it('allows WebGPU 1e-4 where the canary is stricter', () => {
    const strict = { ...scores, tolerance: 1e-6 };
    assert.equal(judgeScores(off(9e-5), strict, { device: 'webgpu', dtype: 'fp32' }), null);
    assert.notEqual(judgeScores(off(9e-5), strict, { device: 'cpu', dtype: 'fp32' }), null);
  });
});
