import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { loadModel } from '../../../src/formats/load-model.ts';
import { WEIGHT_KINDS } from '../../../src/model-files/manifest.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { paddedFixtures, paddedGolden } from '../../support/padded-fixtures.ts';
import { fixtures } from '../../support/starter.ts';

/** Saved by these versions of sentence-transformers, by make.py beside them. */
const SAVED = ['by-5.7', 'by-6.2'];

describe('weighted mean pooling, LayerNorm, Dense, Dropout and LayerNorm', () => {
  const texts = paddedGolden('bert-mean').texts;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  /** The Transformer as safetensors and as an export, with the modules of a folder. */
  const compose = (saved: string) => {
    cpSync(path.join(paddedFixtures, 'bert-mean'), folder, { recursive: true });
    copyFileSync(path.join(paddedFixtures, 'bert-mean.safetensors'), path.join(folder, 'model.safetensors'));
    cpSync(path.join(fixtures, 'stages', saved), folder, { recursive: true });
  };

  for (const saved of SAVED) {
    for (const weights of WEIGHT_KINDS) {
      it(`give the vectors of sentence-transformers, saved ${saved}, from ${weights}, alone and together`, async () => {
        compose(saved);
        const golden = JSON.parse(readFileSync(path.join(folder, 'golden.json'), 'utf8')) as { vector: number[] }[];
        const manifest = await describeModel({ name: saved, folder }, { weights });
        assert.deepEqual([manifest.format === 'onnx', manifest.pooling], [weights === 'onnx', 'weighted_mean']);
        assert.deepEqual([manifest.hiddenSize, manifest.givesTokenVectors], [24, false]);
        const model = await loadModel(manifest, {
          ...{ device: 'cpu', deviceId: 0, dtype: 'fp32', threads: 1, prepacking: true, mustBeatCpu: false },
          ...{ maxTokens: manifest.maxTokens, maxBatchTokens: 1024 },
        });
        const together = (await model.run(toBatch(texts.map(({ ids }) => ids)))).rows;
        for (const [i, { ids }] of texts.entries()) {
          const row = rowAt(together, i, 24);
          const { vector } = golden[i] as { vector: number[] };
          assert.ok(largestDifference(normalized(row), vector) < 2e-6, `${texts[i]?.text}`);
          const alone = (await model.run(toBatch([ids]))).rows;
          if (weights === 'safetensors') assert.deepEqual(alone, row.slice(), `${texts[i]?.text}`);
        }
      });
    }
  }

  it('are refused with tensors that they do not have, naming them', async () => {
    compose('by-6.2');
    copyFileSync(path.join(folder, '3_Dense/model.safetensors'), path.join(folder, '2_LayerNorm/model.safetensors'));
    await assert.rejects(describeModel({ name: 'mixed', folder }), {
      message: /^2_LayerNorm\/config\.json says nothing of linear\.\w+, a tensor in its/,
    });
  });

  it('are refused with a width that does not fit', async () => {
    compose('by-6.2');
    copyFileSync(
      path.join(folder, '5_LayerNorm/model.safetensors'),
      path.join(folder, '2_LayerNorm/model.safetensors'),
    );
    await assert.rejects(describeModel({ name: 'narrow', folder }), {
      message: '2_LayerNorm: its weight has shape [24], but its input rows have 32 components.',
    });
  });

  for (const [file, field] of [
    ['2_LayerNorm/config.json', 'dimension'],
    ['3_Dense/config.json', 'in_features'],
    ['3_Dense/config.json', 'out_features'],
  ] as const) {
    it(`are refused with another ${field} than their weights have`, async () => {
      compose('by-6.2');
      const place = path.join(folder, file);
      const config = JSON.parse(readFileSync(place, 'utf8')) as Record<string, number>;
      const size = config[field] as number;
      writeFileSync(place, JSON.stringify({ ...config, [field]: size + 1 }));
      await assert.rejects(describeModel({ name: 'other', folder }), {
        message: `${file}: ${field} is ${size + 1}; hotvec supports the size of its weight (${size}).`,
      });
    });
  }

  it('are refused after Normalize, and with fields that may change a vector', async () => {
    compose('by-6.2');
    const write = (file: string, json: unknown) => writeFileSync(path.join(folder, file), JSON.stringify(json));
    write('4_Dropout/config.json', { dropout: 0.3, inplace: true });
    await assert.rejects(describeModel({ name: 'dropout', folder }), { message: /^4_Dropout\/config\.json: inplace/ });
    write('4_Dropout/config.json', { dropout: 0.3 });
    write('2_LayerNorm/config.json', { dimension: 32, eps: 1e-3 });
    await assert.rejects(describeModel({ name: 'eps', folder }), { message: /^2_LayerNorm\/config\.json: eps/ });
    const modules = JSON.parse(readFileSync(path.join(folder, 'modules.json'), 'utf8')) as unknown[];
    write('modules.json', [...modules.slice(0, -2), modules.at(-1), modules.at(-2)]);
    await assert.rejects(describeModel({ name: 'order', folder }), {
      message:
        /Normalize, LayerNorm; hotvec supports Transformer, Pooling, any of Dense, LayerNorm, Dropout, Normalize, in/,
    });
  });
});
