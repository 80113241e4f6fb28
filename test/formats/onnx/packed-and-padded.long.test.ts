import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { env, pipeline } from '@huggingface/transformers';
import { writePaddedExport } from '../../../scripts/padded-export.ts';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { loadCausal } from '../../../src/formats/causal/load.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import type { LoadedModel } from '../../../src/formats/model-format.ts';
import type { ModelManifest } from '../../../src/model-files/manifest.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { embedTogether, loadPadded } from '../../support/padded-fixtures.ts';
import { golden, starterManifest } from '../../support/starter.ts';

describe('the starter as an ONNX export', () => {
  let folder: string;
  let manifest: ModelManifest;
  let model: LoadedModel;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    writePaddedExport(await starterManifest(), folder);
    manifest = await describeModel({ name: 'starter-onnx', folder });
    model = await loadPadded(manifest);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is served by the padded path, with the facts of the packed one', async () => {
    const starter = await starterManifest();
    assert.equal(manifest.format, 'onnx');
    for (const fact of ['hiddenSize', 'maxTokens', 'pooling', 'normalize', 'matryoshkaMinimum'] as const) {
      assert.equal(manifest[fact], starter[fact], fact);
    }
  });

  it('gives the vectors of the packed path and of PyTorch, every golden text, right-padded in one batch', async () => {
    const sequences = golden.texts.map(({ ids }) => ids);
    const packedModel = await loadCausal(await starterManifest(), {
      device: 'cpu',
      deviceId: 0,
      dtype: 'fp32',
      threads: 1,
      prepacking: true,
      maxBatchTokens: 1024,
      mustBeatCpu: false,
      maxTokens: 8192,
    });
    const { rows } = await packedModel.run(toBatch(sequences));
    const vectors = await embedTogether(model, manifest, sequences);
    for (const [i, { text, vector }] of golden.texts.entries()) {
      const fromPacked = normalized(rowAt(rows, i, manifest.hiddenSize));
      assert.ok(largestDifference(vectors[i] as number[], fromPacked) < 1e-5, text);
      assert.ok(largestDifference(vectors[i] as number[], vector) < 2e-6, text);
    }
  });

  it('gives them alone as well', async () => {
    for (const { ids, vector, text } of golden.texts) {
      const [alone] = await embedTogether(model, manifest, [ids]);
      assert.ok(largestDifference(alone as number[], vector) < 2e-6, text);
    }
  });

  it('gives them to transformers.js as well, which pads on the left, from an export that allows it', async () => {
    // Also from a folder that does not say what to pad with.
    const untold = path.join(folder, 'untold');
    cpSync((await starterManifest()).folder, untold, { recursive: true });
    rmSync(path.join(untold, 'tokenizer_config.json'));
    const manifests = [await starterManifest(), await describeModel({ name: 'untold', folder: untold })];
    env.allowRemoteModels = false;
    env.localModelPath = folder;
    const short = golden.texts.filter(({ ids }) => ids.length < 100);
    const inputs = short.map(({ text }) => text);
    for (const [i, manifest] of manifests.entries()) {
      writePaddedExport(manifest, path.join(folder, `either-${i}`), 'either');
      const extract = await pipeline('feature-extraction', `either-${i}`, { dtype: 'fp32' });
      const together = await extract(inputs, { pooling: 'last_token', normalize: true });
      for (const [k, vector] of (together.tolist() as number[][]).entries()) {
        assert.ok(largestDifference(vector, short[k]?.vector ?? []) < 2e-6, inputs[k]);
      }
    }
  });
});
