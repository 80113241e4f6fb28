import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { rowAt, toBatch } from '../../src/engine/protocol.ts';
import { describeModel } from '../../src/formats/describe-model.ts';
import { largestDifference, normalized } from '../support/difference.ts';
import { type EncoderFixture, encoderFolders } from '../support/encoder-references.ts';
import { softwareVulkan, withoutSoftwareVulkan } from '../support/software-vulkan.ts';
import { realEngineEntry, superviseEngine } from '../support/supervised-engine.ts';

// The other architectures are in webgpu-encoders.long.test.ts.

/** In bfloat16, which WebGPU does not have. */
const NAME = 'bert-tensorflow-names-bf16';
const SETTINGS = {
  deviceId: 0,
  dtype: 'fp32',
  threads: 1,
  maxTokens: 16,
  // The warm-up fills a batch, which SwiftShader needs long for.
  maxBatchTokens: 64,
  prepacking: true,
  mustBeatCpu: false,
} as const;

describe('DEVICE=webgpu with an encoder in safetensors', { skip: withoutSoftwareVulkan }, () => {
  before(() => Object.assign(process.env, softwareVulkan));
  after(() => {
    delete process.env.VK_ICD_FILENAMES;
  });

  it('gives the rows of PyTorch and of the CPU, in a batch of mixed lengths', async () => {
    const { name, folder, reference } = encoderFolders().find((one) => one.name === NAME) as EncoderFixture;
    const manifest = await describeModel({ name, folder }, { pooling: 'mean' });
    const sequences = reference.sequences.filter(({ ids }) => ids.length <= SETTINGS.maxTokens);
    assert.ok(sequences.length >= 4);
    const rowsOn = async (device: 'cpu' | 'webgpu') => {
      const { engine } = await superviseEngine(realEngineEntry, { manifest, settings: { ...SETTINGS, device } });
      await engine.start();
      const { rows } = await engine.run(toBatch(sequences.map(({ ids }) => ids)));
      await engine.close();
      return sequences.map((_, i) => normalized(rowAt(rows, i, manifest.hiddenSize)));
    };
    const [computed, onCpu] = [await rowsOn('webgpu'), await rowsOn('cpu')];
    for (const [i, { ids, mean }] of sequences.entries()) {
      const row = computed[i] as number[];
      const differences = [normalized(mean), onCpu[i] as number[]].map((other) => largestDifference(row, other));
      assert.ok(Math.max(...differences) < 1e-5, `${ids.length} tokens: ${differences}`);
    }
  });
});
