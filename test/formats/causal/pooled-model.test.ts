import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { InferenceSession } from 'onnxruntime-node';
import { sessionOptions } from '../../../src/engine/process/session-options.ts';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { writeCausalGraph } from '../../../src/formats/causal/causal-graph.ts';
import { loadCausal, PackedModel } from '../../../src/formats/causal/load.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import type { Pooling } from '../../../src/model-files/manifest.ts';
import { cpuSettings } from '../../support/cpu-settings.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { type EncoderFixture, encoderFolders } from '../../support/encoder-references.ts';
import { packed } from '../../support/starter.ts';

const settings = { ...cpuSettings, maxTokens: 128 };

const folders = encoderFolders();
const fixtureOf = (name: string) => folders.find((one) => one.name === name) as EncoderFixture;

async function manifestOf({ name, folder }: EncoderFixture, pooling: Pooling) {
  const manifest = await describeModel({ name, folder }, { pooling, task: 'embed' });
  return { ...manifest, weights: packed(manifest) };
}

describe('PackedModel whose rows are made of all tokens', () => {
  it('computes a prefix that sequences share once, and gives each the row it has alone', async () => {
    const model = await loadCausal(await manifestOf(fixtureOf('qwen2-bf16'), 'mean'), settings);
    const prompt = Array.from({ length: 40 }, (_, i) => 5 + i);
    const sequences = [[...prompt, 90, 91], [...prompt, 92], prompt, [7, 8, 9]];
    const { rows, computedTokens } = await model.run(toBatch(sequences));
    assert.equal(computedTokens, 40 + 2 + 1 + 3);
    for (const [i, ids] of sequences.entries()) {
      assert.deepEqual(rowAt(rows, i, 32), (await model.run(toBatch([ids]))).rows, `sequence ${i}`);
    }
  });
});

describe('the graph for WebGPU, of relatives', () => {
  for (const name of ['qwen2-bf16', 'llama-causal-lm-biases-f16', 'mistral-causal-lm-f16', 'mistral-three-heads']) {
    it(`gives the rows of PyTorch on the CPU too, with its windows and biases: ${name}`, async () => {
      const fixture = fixtureOf(name);
      const manifest = await manifestOf(fixture, 'last_token');
      const graph = writeCausalGraph(manifest.weights, {
        positions: 128,
        fileName: ({ file }) => path.basename(file),
        dtype: 'fp32',
        attention: 'plain',
      });
      const options = sessionOptions(settings, { weightsFolder: fixture.folder });
      const session = await InferenceSession.create(graph, options);
      const model = new PackedModel(session, undefined, manifest, undefined, async (rows) => rows);
      const { sequences } = fixture.reference;
      const { rows } = await model.run(toBatch(sequences.map(({ ids }) => ids)));
      for (const [i, { last_token: expected }] of sequences.entries()) {
        const row = normalized(rowAt(rows, i, manifest.hiddenSize));
        assert.ok(largestDifference(row, normalized(expected)) <= 2e-6, `sequence ${i}`);
      }
    });
  }
});

describe('loadCausal()', () => {
  it('refuses a window that a text may be longer than where it was not compared', async () => {
    const manifest = await manifestOf(fixtureOf('mistral-causal-lm-f16'), 'last_token');
    await assert.rejects(loadCausal(manifest, { ...settings, device: 'cuda', dtype: 'bf16' }), {
      name: 'StartError',
      message: /sliding_window is 24.*MAX_INPUT_TOKENS=24/,
    });
  });
});
