import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { rowAt, toBatch } from '../../src/engine/protocol.ts';
import { describeModel } from '../../src/formats/describe-model.ts';
import { loadModel } from '../../src/formats/load-model.ts';
import type { LoadedModel } from '../../src/formats/model-format.ts';
import type { ModelManifest } from '../../src/model-files/manifest.ts';
import { checkScores } from '../../src/tasks/reranking/check-scores.ts';
import { largestDifference, normalized } from '../support/difference.ts';
import { encoderFolders } from '../support/encoder-references.ts';
import { namesOfRerankers, referencePairs, rerankerFolders } from '../support/reranker-references.ts';
import { softwareVulkan, withoutSoftwareVulkan } from '../support/software-vulkan.ts';

/** SwiftShader needs long for more. */
const LONGEST = 70;
const TOLERANCE = 1e-5;

function load(manifest: ModelManifest): Promise<LoadedModel> {
  return loadModel(manifest, {
    device: 'webgpu',
    deviceId: 0,
    dtype: 'fp32',
    threads: 1,
    maxTokens: manifest.maxTokens,
    maxBatchTokens: 512,
    prepacking: true,
    mustBeatCpu: false,
  });
}

describe('DEVICE=webgpu with encoders and decoders in safetensors', { skip: withoutSoftwareVulkan }, () => {
  before(() => Object.assign(process.env, softwareVulkan));
  after(() => {
    delete process.env.VK_ICD_FILENAMES;
  });

  for (const { name, folder, reference } of encoderFolders()) {
    it(`gives the rows of PyTorch within 1e-5: ${name}`, async () => {
      const manifest = await describeModel({ name, folder }, { pooling: 'mean' });
      const model = await load(manifest);
      const sequences = reference.sequences.filter(({ ids }) => ids.length <= LONGEST);
      const { rows } = await model.run(toBatch(sequences.map(({ ids }) => ids)));
      for (const [i, { ids, mean }] of sequences.entries()) {
        const difference = largestDifference(normalized(rowAt(rows, i, manifest.hiddenSize)), normalized(mean));
        assert.ok(difference < TOLERANCE, `${ids.length} tokens: ${difference}`);
      }
    });
  }

  for (const name of namesOfRerankers().filter((one) => one.endsWith('-weights'))) {
    it(`gives the logits of PyTorch for pairs within 1e-4: ${name}`, async () => {
      const manifest = await describeModel({ name, folder: path.join(rerankerFolders, name) });
      const model = await load(manifest);
      await checkScores.pass((batch) => model.run(batch), manifest, { device: 'webgpu', dtype: 'fp32' });
      const pairs = referencePairs(name).slice(0, 12);
      const { rows } = await model.run(toBatch(pairs.map(({ ids }) => ids)));
      const difference = largestDifference(
        rows,
        pairs.map(({ logit }) => logit),
      );
      assert.ok(difference < 1e-4, `${difference}`);
    });
  }
});
