import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { findOnnxExports } from '../../../src/formats/onnx/onnx-exports.ts';
import { LocalFiles } from '../../../src/model-files/folder/model-files.ts';
import type { ModelManifest, Pooling } from '../../../src/model-files/manifest.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { loadNativeTokenizer } from '../../../src/tokenization/native-tokenizer.ts';
import { largestDifference } from '../../support/difference.ts';
import { embedTogether, loadPadded, paddedManifest } from '../../support/padded-fixtures.ts';

// Graphs of trained models that lie beside the repository on some machines, without the files of a whole model folder.
const models = path.join(packageRoot, '..', 'shared', 'data', 'models');

/** The engine's view of a bare graph. */
async function bareManifest(folder: string, pooling: Pooling): Promise<ModelManifest> {
  const manifest = await paddedManifest('bert-mean');
  const weights = { ...manifest.weights, exports: await findOnnxExports(new LocalFiles({ name: 'bare', folder })) };
  return {
    ...manifest,
    folder,
    pooling,
    weights,
    hiddenSize: 64,
    maxTokens: 2048,
  };
}

describe('PaddedModel with trained graphs', () => {
  const staticModel = path.join(models, 'model2vec-bge-base-64d-vq');
  it('gives the published vector of a static model: "hello" a thousand times', {
    skip: !existsSync(staticModel) && 'needs ../shared',
  }, async () => {
    const manifest = await bareManifest(staticModel, 'mean');
    const tokenizer = await loadNativeTokenizer(path.join(staticModel, 'tokenizer.json'), {
      needsEndToken: false,
    });
    assert.deepEqual(tokenizer.special, { before: 0, after: 0 });
    const [encoding] = await tokenizer.tokenize(['hello '.repeat(1000)]);
    const ids = encoding?.ids as Int32Array;
    const [expected] = JSON.parse(readFileSync(path.join(staticModel, 'expected_hello_x1000.json'), 'utf8'));
    const [vector] = await embedTogether(await loadPadded(manifest), manifest, [ids]);
    assert.ok(largestDifference(vector as number[], expected) < 1e-5);
    const vectors = await embedTogether(await loadPadded(manifest), manifest, [ids.subarray(0, 3), ids]);
    assert.ok(largestDifference(vectors[1] as number[], expected) < 1e-5);
  });

  const decoder = path.join(models, 'stories260k-decoder');
  it('gives a text the same vector alone as padded beside longer ones, with a trained decoder', {
    skip: !existsSync(decoder) && 'needs ../shared',
  }, async () => {
    const manifest = await bareManifest(decoder, 'last_token');
    const tokenizer = await loadNativeTokenizer(path.join(decoder, 'tokenizer.json'), {
      needsEndToken: false,
    });
    const texts = ['Once upon a time', 'A cat sat.', 'Lily went to the park with her mom and saw a big red ball.'];
    const sequences = (await tokenizer.tokenize(texts)).map(({ ids }) => ids);
    const model = await loadPadded(manifest);
    const together = await embedTogether(model, manifest, sequences);
    for (const [i, ids] of sequences.entries()) {
      const [alone] = await embedTogether(model, manifest, [ids]);
      assert.ok(largestDifference(together[i] as number[], alone as number[]) < 1e-6, texts[i]);
    }
  });
});
