import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Batch } from '../../../src/engine/protocol.ts';
import type { ModelManifest, ScoreCanary } from '../../../src/model-files/manifest.ts';
import { checkScores } from '../../../src/tasks/reranking/check-scores.ts';

const selfCheck = { paddingToken: null, dividesByNorm: false, exactDtypes: [] };
const manifest = (scoreCanary: ScoreCanary | null = null) =>
  ({ vocabularySize: 50, maxTokens: 200, selfCheck, scoreCanary }) as unknown as ModelManifest;
const canary: ScoreCanary = {
  reference: 'PyTorch',
  cases: [
    { query: 'a', document: 'b', ids: [1, 2, 3], score: 6 },
    { query: 'a', document: 'c', ids: [1, 2, 4], score: 7 },
  ],
  tolerance: { single: 0.01, half: 0.3, quantized: 1 },
};

/** Scores a sequence by the sum of its ids, and a later one of a batch by `mixed` more. */
const engine =
  (mixed = 0, scale = 1) =>
  async ({ tokenIds, offsets }: Batch) => {
    const rows = new Float32Array(offsets.length - 1);
    for (let i = 0; i < rows.length; i++) {
      const ids = tokenIds.subarray(offsets[i], offsets[i + 1]);
      rows[i] = scale * (ids.reduce((sum, id) => sum + id, 0) + (i > 0 ? mixed : 0));
    }
    return { rows };
  };
const settings = { device: 'cpu', dtype: 'fp32' } as const;

describe('checkScores()', () => {
  it('passes an engine whose scores are right, and tells the known ones', async () => {
    const report = await checkScores.pass(engine(), manifest(canary), settings);
    assert.deepEqual(report.scores, [[6, 7]]);
    assert.ok(report.cosine > 0.999999 && report.difference === 0);
    assert.equal((await checkScores.pass(engine(), manifest(), settings)).scores, null);
  });

  it('refuses one whose scores depend on the batch, and one that is not a number', async () => {
    await assert.rejects(checkScores.pass(engine(1), manifest(), settings), /The self-check failed/);
    await assert.rejects(checkScores.pass(engine(0, Number.NaN), manifest(), settings), /The self-check failed/);
  });

  it('refuses one whose known scores are off by more than the precision may be', async () => {
    const off = engine(0, 1.02);
    await assert.rejects(checkScores.pass(off, manifest(canary), settings), /pair 1 scores 6\.1200, expected 6\.0000/);
    const half = { ...settings, dtype: 'bf16' } as const;
    assert.deepEqual((await checkScores.pass(off, manifest(canary), half)).scores?.[0]?.length, 2);
  });

  it('runs no longer sequence than it says', () => {
    const long = { ...canary, cases: [{ ...canary.cases[0], ids: new Array(150).fill(1) }] } as ScoreCanary;
    assert.equal(checkScores.longestSequence(manifest(long)), 150);
    assert.equal(checkScores.longestSequence(manifest()), 130);
  });
});
