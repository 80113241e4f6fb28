import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { encoderFormat } from '../../../src/formats/encoder/encoder-format.ts';
import { type EncoderWeights, encoderChoice } from '../../../src/formats/encoder/encoder-weights.ts';
import { loadEncoder } from '../../../src/formats/encoder/load.ts';
import { weightBits } from '../../../src/formats/own-graph/weight-bits.ts';
import { FileHashes } from '../../../src/model-files/file-hashes.ts';
import type { Int8Event } from '../../../src/model-files/int8/int8-events.ts';
import type { ModelManifest } from '../../../src/model-files/manifest.ts';
import { cosine } from '../../../src/tasks/embedding/cosine.ts';
import { cpuSettings } from '../../support/cpu-settings.ts';
import { type EncoderFixture, encoderFolders } from '../../support/encoder-references.ts';

const settings = { ...cpuSettings, dtype: 'int8' } as const;

/** Matrices of a layer, and those of them that stay fp32 where weights have 7 bits, by architecture. */
const MATRICES: Readonly<Record<string, readonly [all: number, kept: number]>> = {
  bert: [6, 1],
  roberta: [6, 1],
  distilbert: [6, 1],
  mpnet: [6, 1],
  modernbert: [4, 0],
  nomic_bert: [5, 0],
  gemma3_text: [7, 1],
};

it('has a name for its choice of matrices, which the fingerprint has, too', async () => {
  assert.equal(await encoderFormat.quantization('int8'), encoderChoice(await weightBits()).scheme);
  // With an old name, files that were made by another choice would be taken for its own.
  assert.equal(encoderChoice(8).scheme, 'encoder-w8-channel-a8-row-2');
  assert.equal(encoderChoice(7).scheme, 'encoder-w7-channel-a8-row-2');
});

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

for (const fixture of encoderFolders()) {
  const matrices = MATRICES[fixture.modelType];
  if (matrices !== undefined && fixture.name.endsWith('three-heads')) {
    describe(`${fixture.name} in int8`, () => compareInt8(fixture, matrices));
  }
}

function compareInt8(
  { name, folder: model, reference }: EncoderFixture,
  [all, keptOf7Bits]: readonly [number, number],
) {
  const sequences = reference.sequences.map(({ ids }) => ids);
  let manifest: ModelManifest<EncoderWeights>;
  let ready: Int8Event | undefined;
  before(async () => {
    const described = (await describeModel(
      { name, folder: model },
      { pooling: 'mean' },
    )) as ModelManifest<EncoderWeights>;
    manifest = await encoderFormat.prepare(described, new Set(['int8']), {
      folders: () => [folder],
      files: new FileHashes(),
      onEvent(event) {
        if (event.kind === 'ready') ready = event;
      },
    });
  });

  it('quantizes the matrices of its layers', async () => {
    assert.ok(ready?.kind === 'ready');
    const kept = (await weightBits()) === 7 ? keptOf7Bits : 0;
    const { layerCount } = manifest.weights.architecture;
    assert.deepEqual([ready.matrices, ready.keptMatrices], [(all - kept) * layerCount, kept * layerCount]);
  });

  it('is near to PyTorch in float32, and gives a sequence the same bits alone as among others', async () => {
    const loaded = await loadEncoder(manifest, { ...settings, maxTokens: manifest.maxTokens });
    const { rows } = await loaded.run(toBatch(sequences));
    for (const [i, { ids, mean }] of reference.sequences.entries()) {
      const row = rowAt(rows, i, manifest.hiddenSize);
      assert.ok(cosine(row, mean) >= 0.99, `sequence ${i}: ${cosine(row, mean)}`);
      assert.deepEqual((await loaded.run(toBatch([ids]))).rows, row, `sequence ${i}`);
    }
  });
}
