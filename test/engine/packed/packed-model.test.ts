import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { PackedModel } from '../../../src/engine/packed/packed-model.ts';
import { toBatch } from '../../../src/engine/protocol.ts';
import { rowAt } from '../../../src/engine/rows.ts';
import { loadManifest } from '../../../src/model/load-manifest.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { fixtures, golden, packed, starterManifest } from '../../support/starter.ts';

const settings = {
  device: 'cpu',
  deviceId: 0,
  dtype: 'fp32',
  threads: 2,
  maxBatchTokens: 1024,
  prepacking: true,
  mustBeatCpu: false,
} as const;

describe('PackedModel with the starter', () => {
  let model: PackedModel;
  before(async () => {
    model = await PackedModel.load(packed(await starterManifest()), { ...settings, maxTokens: 8192 });
  });

  it('gives the vectors of PyTorch, all texts in one batch', async () => {
    const { rows, uniqueTokens } = await model.run(toBatch(golden.texts.map(({ ids }) => ids)));
    for (const [i, { vector, text }] of golden.texts.entries()) {
      assert.ok(largestDifference(normalized(rowAt(rows, i, 256)), vector) < 2e-6, text);
    }
    assert.ok(uniqueTokens <= golden.texts.reduce((sum, { ids }) => sum + ids.length, 0));
  });

  it('gives a text the same row alone as in a batch of any neighbors', async () => {
    const { rows } = await model.run(toBatch(golden.texts.map(({ ids }) => ids)));
    for (const [i, { ids }] of golden.texts.entries()) {
      const alone = (await model.run(toBatch([ids]))).rows;
      assert.ok(largestDifference(alone, rowAt(rows, i, 256)) < 1e-6);
    }
  });
});

describe('PackedModel with other shapes of the architecture', () => {
  for (const name of ['sharded-f32', 'f16-mha-untied', 'bf16-deep']) {
    it(`gives the rows of PyTorch: ${name}`, async () => {
      const folder = path.join(fixtures, 'qwen3-variants', name);
      const { sequences } = JSON.parse(readFileSync(path.join(folder, 'golden.json'), 'utf8')) as {
        sequences: { ids: number[]; row: number[] }[];
      };
      const manifest = await loadManifest({ name, folder });
      const model = await PackedModel.load(packed(manifest), { ...settings, maxTokens: 512 });
      const { rows } = await model.run(toBatch(sequences.map(({ ids }) => ids)));
      for (const [i, { row }] of sequences.entries()) {
        // Rows reach 4.4 and are not normalized; float32 itself is 4e-6 from float64 here (see make.py).
        assert.ok(largestDifference(rowAt(rows, i, manifest.hiddenSize), row) < 2e-5, `sequence ${i}`);
      }
    });
  }
});
