import assert from 'node:assert/strict';
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import type { BertLayerConfig } from '../../../src/formats/encoder/architectures/bert-layer.ts';
import { encoderFormat } from '../../../src/formats/encoder/encoder-format.ts';
import type { EncoderWeights } from '../../../src/formats/encoder/encoder-weights.ts';
import { loadModel } from '../../../src/formats/load-model.ts';
import type { TensorLocation } from '../../../src/model-files/folder/safetensors.ts';
import type { ModelManifest } from '../../../src/model-files/manifest.ts';
import { cpuSettings } from '../../support/cpu-settings.ts';
import { type EncoderFixture, encoderFolders } from '../../support/encoder-references.ts';

async function describeFixture(name: string): Promise<ModelManifest<EncoderWeights>> {
  const { folder } = encoderFolders().find((one) => one.name === name) as EncoderFixture;
  return (await describeModel({ name, folder }, { pooling: 'mean' })) as ModelManifest<EncoderWeights>;
}

describe('loadEncoder()', () => {
  it('gives a sequence the same bits alone and in a batch with PREPACKING=0, too', async () => {
    const { name, folder, reference } = encoderFolders().find(
      (one) => one.name === 'bert-three-heads',
    ) as EncoderFixture;
    const manifest = await describeModel({ name, folder }, { pooling: 'cls' });
    const model = await loadModel(manifest, { ...cpuSettings, maxTokens: manifest.maxTokens, prepacking: false });
    const sequences = reference.sequences.map(({ ids }) => ids);
    const { rows } = await model.run(toBatch(sequences));
    for (const [i, ids] of sequences.entries()) {
      const alone = await model.run(toBatch([ids]));
      assert.deepEqual([...rowAt(rows, i, manifest.hiddenSize)], [...alone.rows], `${ids.length} tokens`);
    }
  });

  it('gives a sequence the same bits next to one whose states are not finite', async (t) => {
    const fixture = encoderFolders().find((one) => one.name === 'bert-three-heads') as EncoderFixture;
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    t.after(() => rmSync(folder, { recursive: true }));
    cpSync(fixture.folder, folder, { recursive: true });
    const manifest = (await describeModel(
      { name: 'nan', folder },
      { pooling: 'mean' },
    )) as ModelManifest<EncoderWeights>;
    const broken = 7;
    const { file, offset } = manifest.weights.tensors['embeddings.word_embeddings.weight'] as TensorLocation;
    const descriptor = openSync(file, 'r+');
    const row = new Float32Array(manifest.hiddenSize).fill(Number.NaN);
    writeSync(descriptor, row, 0, row.byteLength, offset + broken * row.byteLength);
    closeSync(descriptor);
    const model = await loadModel(manifest, { ...cpuSettings, maxTokens: manifest.maxTokens });
    const whole = [2, 3, 4];
    const long = [broken, ...Array.from({ length: 40 }, (_, i) => 8 + i)];
    const { rows } = await model.run(toBatch([long, whole]));
    assert.ok(rowAt(rows, 0, manifest.hiddenSize).every(Number.isNaN));
    const alone = await model.run(toBatch([whole]));
    assert.deepEqual([...rowAt(rows, 1, manifest.hiddenSize)], [...alone.rows]);
    assert.ok(alone.rows.every(Number.isFinite));
  });

  it('reads past a buffer of old checkpoints, and refuses any other tensor that is left over', async () => {
    const manifest = await describeFixture('roberta-three-heads');
    const { tensors } = manifest.weights;
    const loadWith = (name: string) =>
      loadModel(
        {
          ...manifest,
          weights: {
            ...manifest.weights,
            tensors: { ...tensors, [name]: Object.values(tensors)[0] as TensorLocation },
          },
        },
        { ...cpuSettings, maxTokens: manifest.maxTokens },
      );
    await loadWith('embeddings.position_ids');
    await loadWith('embeddings.token_type_ids');
    await assert.rejects(loadWith('embeddings.other_ids'), { message: /a tensor embeddings\.other_ids, which config/ });
  });
});

describe('the memory that an encoder takes at least', () => {
  it('is that of its layers, without tables and the head of a language model', async () => {
    const manifest = await describeFixture('bert-masked-lm-f16');
    const { weights } = manifest;
    const { hiddenSize: h, intermediateSize: inner, layerCount } = weights.architecture as BertLayerConfig;
    assert.ok(Object.keys(weights.tensors).some((name) => name.startsWith('cls.')));
    const layer = 4 * (h * h + h) + 2 * h * inner + inner + h + 4 * h;
    const numbers = layerCount * layer + 2 * h;
    assert.equal(encoderFormat.residentBytes(manifest, 'fp32'), 4 * numbers);
    assert.equal(encoderFormat.residentBytes(manifest, 'int8'), numbers);
  });
});
