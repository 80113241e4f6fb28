import assert from 'node:assert/strict';
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { InferenceSession } from 'onnxruntime-node';
import { sessionOptions } from '../../../src/engine/process/session-options.ts';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { EMBEDDING_TABLE, writeCausalGraph } from '../../../src/formats/causal/causal-graph.ts';
import { loadCausal, PackedModel } from '../../../src/formats/causal/load.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import type { TensorLocation } from '../../../src/model-files/folder/safetensors.ts';
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

describe('PackedModel with a token whose states are not finite', () => {
  // Without a window and with one, which is computed with a mask.
  for (const name of ['llama-three-heads', 'mistral-causal-lm-f16']) {
    it(`gives its neighbors the same bits, whatever rows they share: ${name}`, async (t) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
      t.after(() => rmSync(folder, { recursive: true }));
      cpSync(fixtureOf(name).folder, folder, { recursive: true });
      const manifest = await manifestOf({ ...fixtureOf(name), folder }, 'last_token');
      const broken = 7;
      const { file, offset, shape, byteLength } = manifest.weights.tensors[EMBEDDING_TABLE] as TensorLocation;
      const rowBytes = byteLength / (shape[0] as number);
      const descriptor = openSync(file, 'r+');
      // Not a number in every float format.
      writeSync(descriptor, new Uint8Array(rowBytes).fill(0xff), 0, rowBytes, offset + broken * rowBytes);
      closeSync(descriptor);
      const model = await loadCausal(manifest, { ...settings, maxTokens: 2_304 });
      const shared = Array.from({ length: 20 }, (_, i) => 10 + i);
      const long = Array.from({ length: 2_100 }, (_, i) => 10 + (i % 100));
      for (const sequences of [
        // The first row of the batch; where a sequence leaves another's path; where it ends on one.
        [[broken, 50, 51], [44], [45, 46, 47]],
        [
          [...shared, broken, 40, 41],
          [...shared, 42, 43],
          [...shared.slice(0, 9), broken],
        ],
        [[...shared, broken], shared, shared.slice(0, 9)],
        // Too long for blocks: the last to have a row, and the first.
        [long, [...long, broken], shared],
        [[...long, broken, 40], [...long, 41], long.slice(0, 2_080)],
        [[...long, 41], [...long.slice(0, 2_090), broken], long],
      ]) {
        const { rows } = await model.run(toBatch(sequences));
        for (const [i, ids] of sequences.entries()) {
          const row = rowAt(rows, i, manifest.hiddenSize);
          assert.ok(row.every(ids.includes(broken) ? Number.isNaN : Number.isFinite), `${ids}`);
          assert.deepEqual([...row], [...(await model.run(toBatch([ids]))).rows], `${ids}`);
        }
      }
    });
  }
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
      const model = new PackedModel({
        session,
        lookup: undefined,
        manifest,
        inBlocks: false,
        prefixes: undefined,
        finish: async (rows) => rows,
      });
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
