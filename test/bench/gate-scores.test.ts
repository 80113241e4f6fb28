import assert from 'node:assert/strict';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { engineSettings } from '../../bench/engine-settings.ts';
import { gateSameScores, gateScores } from '../../bench/gate-scores.ts';
import { packed } from '../../scripts/packed-weights.ts';
import { type Batch, toBatch } from '../../src/engine/protocol.ts';
import { loadCausal, type PackedModel } from '../../src/formats/causal/load.ts';
import { describeModel } from '../../src/formats/describe-model.ts';
import type { ModelManifest } from '../../src/model-files/manifest.ts';
import { resolveModel } from '../../src/model-files/resolve-model.ts';
import { rerankerFolders } from '../support/reranker-references.ts';

describe('The gate of scores', () => {
  let manifest: ModelManifest;
  let model: PackedModel;
  before(async () => {
    manifest = await describeModel(resolveModel(path.join(rerankerFolders, 'causal-plain')), { task: 'rerank' });
    model = await loadCausal(
      { pooling: 'last_token', weights: packed(manifest) },
      engineSettings(manifest, 'cpu', 'fp32'),
    );
  });

  /** The model, with logits that are off by a thousandth in batches that are chosen. */
  const wrongIn = (isChosen: (size: number) => boolean): PackedModel => {
    const run = async (batch: Batch) => {
      const computed = await model.run(batch);
      const isWrong = isChosen(batch.offsets.length - 1);
      return isWrong ? { ...computed, rows: computed.rows.map((row) => row + 1e-3) } : computed;
    };
    return { run } as PackedModel;
  };

  it('lets the scores of the reference pass, and no others, be they alone or in a batch', async () => {
    await gateScores(model, manifest, 'fp32');
    const inBatch = gateScores(
      wrongIn((size) => size > 1),
      manifest,
      'fp32',
    );
    await assert.rejects(inBatch, /Scores in a batch are \S+e-4 from the reference, expected at most 2\.0e-6/);
    const alone = gateScores(
      wrongIn((size) => size === 1),
      manifest,
      'fp32',
    );
    await assert.rejects(alone, /Scores alone are /);
  });

  it('refuses a model of which there is no reference', async () => {
    const nameless = { ...manifest, folder: path.join(rerankerFolders, 'no-such-folder') };
    await assert.rejects(gateScores(model, nameless, 'fp32'), /no reference scores for causal-plain/);
  });

  it('knows the starter reranker by its name', async () => {
    const starter = await describeModel(resolveModel('starter-reranker'));
    const weights = packed(starter);
    await gateScores(
      await loadCausal({ pooling: 'last_token', weights }, engineSettings(starter, 'cpu', 'fp32')),
      starter,
      'fp32',
    );
    // The same weights with the rows of the head in each other's place.
    const [yes, no] = weights.head?.rows ?? [0, null];
    const head = { tensor: weights.head?.tensor ?? '', rows: [no ?? 0, yes] as const };
    const other = await loadCausal(
      { pooling: 'last_token', weights: { ...weights, head } },
      engineSettings(starter, 'cpu', 'fp32'),
    );
    await assert.rejects(gateScores(other, starter, 'fp32'), /from the reference/);
  });

  it('tells logits that sharing changed', async () => {
    const { rows } = await model.run(toBatch([[1, 2, 3]]));
    assert.equal(gateSameScores(rows, rows), 0);
    assert.throws(
      () =>
        gateSameScores(
          rows,
          rows.map((row) => row + 1e-3),
        ),
      /with and without sharing differ by 1\.00e-3/,
    );
  });
});
