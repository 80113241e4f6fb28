import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { staticFormat } from '../../../src/formats/static/static-format.ts';
import type { StaticWeights } from '../../../src/formats/static/static-weights.ts';
import type { ModelManifest } from '../../../src/model-files/manifest.ts';
import { staticFixtures } from '../../support/static-fixtures.ts';
import { type StoredTensor, writeSafetensors } from '../../support/write-safetensors.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const copy = (name: string) => cpSync(path.join(staticFixtures, name), folder, { recursive: true });
const load = () => describeModel({ name: 'copy', folder });
const write = (file: string, content: unknown) => {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), JSON.stringify(content));
};
const edit = (file: string, change: Record<string, unknown>) =>
  write(file, { ...JSON.parse(readFileSync(path.join(folder, file), 'utf8')), ...change });

const writeTensors = (file: string, tensors: Record<string, StoredTensor>) =>
  writeSafetensors(path.join(folder, file), tensors);

describe('describeModel() of a static model', () => {
  it('reads a folder as the tool that wrote it', async () => {
    copy('model2vec');
    const { textRules, maxTokens, normalize, pooling, vocabularySize, hiddenSize } = await load();
    // 3 is what model2vec says of itself (reference.json).
    assert.deepEqual(textRules, { source: 'model2vec', leftOut: 1, maxCharacters: 3 * 512 });
    assert.deepEqual([maxTokens, normalize, pooling, vocabularySize, hiddenSize], [512, true, 'mean', 54, 12]);

    rmSync(path.join(folder, 'config.json'));
    const other = await load();
    assert.deepEqual(other.textRules, { source: 'sentence-transformers', leftOut: null, maxCharacters: null });
    // What model2vec saved in tokenizer.json, and sentence-transformers leaves there.
    assert.equal(other.maxTokens, 512);
  });

  it('takes 512 tokens where a config.json of model2vec from before 0.10 says nothing, and no limit for null', async () => {
    copy('model2vec');
    const { max_length: _, ...config } = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'));
    write('config.json', config);
    assert.equal((await load()).maxTokens, 512);
    edit('config.json', { max_length: null });
    const { maxTokens, textRules } = await load();
    assert.equal(maxTokens, Number.MAX_SAFE_INTEGER);
    assert.equal(textRules?.maxCharacters, null);
  });

  it('knows a folder of model2vec without modules.json, whether or not config.json says its name', async () => {
    copy('model2vec');
    rmSync(path.join(folder, 'modules.json'));
    const { task, normalize } = await load();
    assert.deepEqual([task, normalize], ['embed', true]);
    write('config.json', { normalize: false, seq_length: 1_000_000, embedding_dtype: 'float32' });
    assert.equal((await load()).normalize, false);
  });

  it('takes as much memory as its table, and the mapping and weights of a quantized vocabulary', async () => {
    copy('model2vec-quantized');
    const manifest = (await load()) as ModelManifest<StaticWeights>;
    const { table, mapping, weights } = manifest.weights;
    assert.deepEqual([table.dtype, mapping?.dtype, weights?.dtype], ['F32', 'I32', 'F32']);
    const bytes = 4 * 16 * manifest.hiddenSize + (4 + 4) * manifest.vocabularySize;
    assert.equal(staticFormat.residentBytes(manifest, 'fp32'), bytes);
  });

  it('reads prompts, truncate_dim and sizes of Matryoshka models as of other folders', async () => {
    copy('sentence-transformers-5');
    assert.equal((await load()).truncateDimension, 8);
    edit('config_sentence_transformers.json', { prompts: { query: 'Q: ' }, default_prompt_name: 'query' });
    assert.deepEqual((await load()).defaultPrompt, 'Q: ');
    const settings = { matryoshkaDimensions: [4, 8] };
    const { matryoshkaDimensions } = await describeModel({ name: 'copy', folder }, settings);
    assert.deepEqual(matryoshkaDimensions, [4, 8]);
  });

  for (const [what, name, change, message] of [
    [
      'an unknown field of config.json',
      'model2vec',
      () => edit('config.json', { subword_pooling: 'max' }),
      /config\.json: subword_pooling is "max"/,
    ],
    [
      'a head that classifies',
      'model2vec',
      () => edit('config.json', { head_config: {} }),
      /config\.json: head_config/,
    ],
    [
      'a limit that is none',
      'model2vec',
      () => edit('config.json', { max_length: 0 }),
      /config\.json: max_length is 0/,
    ],
    [
      'a default prompt, which model2vec does not read',
      'model2vec',
      () => write('config_sentence_transformers.json', { prompts: { a: 'A: ' }, default_prompt_name: 'a' }),
      /default_prompt_name.*config\.json.*model2vec/,
    ],
    [
      'truncate_dim, which model2vec does not read',
      'model2vec',
      () => write('config_sentence_transformers.json', { truncate_dim: 4 }),
      /truncate_dim.*config\.json.*model2vec/,
    ],
    [
      'integers where sentence-transformers would have to average them',
      'model2vec-int8',
      () => rmSync(path.join(folder, 'config.json')),
      /int8.*config\.json is missing/,
    ],
    [
      'a tokenizer with more tokens than the table has rows',
      'model2vec',
      () => writeTensors('model.safetensors', { embeddings: { dtype: 'F32', shape: [49, 12], bytes: 49 * 48 } }),
      /54 tokens.*49 rows/,
    ],
    [
      'a tensor that nobody knows',
      'model2vec',
      () =>
        writeTensors('model.safetensors', {
          embeddings: { dtype: 'F32', shape: [50, 12], bytes: 2400 },
          bias: { dtype: 'F32', shape: [12], bytes: 48 },
        }),
      /model\.safetensors.*bias/,
    ],
    [
      'weights of other tokens',
      'model2vec',
      () =>
        writeTensors('model.safetensors', {
          embeddings: { dtype: 'F32', shape: [54, 12], bytes: 54 * 48 },
          weights: { dtype: 'F32', shape: [12], bytes: 48 },
        }),
      /12 weights.*54 tokens/,
    ],
    [
      'a table in a type that nobody averages',
      'model2vec',
      () => writeTensors('model.safetensors', { embeddings: { dtype: 'I32', shape: [50, 12], bytes: 2400 } }),
      /embeddings is I32/,
    ],
    [
      'no table',
      'sentence-transformers',
      () => writeTensors('model.safetensors', { mapping: { dtype: 'I32', shape: [50], bytes: 200 } }),
      /no tensor embedding\.weight, and no tensor embeddings/,
    ],
    [
      'weights that are only pickled',
      'sentence-transformers-5',
      () =>
        renameSync(
          path.join(folder, '0_StaticEmbedding/model.safetensors'),
          path.join(folder, '0_StaticEmbedding/pytorch_model.bin'),
        ),
      /0_StaticEmbedding\/pytorch_model\.bin, a pickle/,
    ],
    [
      'a missing tokenizer',
      'sentence-transformers-5',
      () => rmSync(path.join(folder, '0_StaticEmbedding/tokenizer.json')),
      /0_StaticEmbedding\/tokenizer\.json/,
    ],
    [
      'texts cut at their start',
      'sentence-transformers-5',
      () =>
        edit('0_StaticEmbedding/tokenizer.json', {
          truncation: { direction: 'Left', max_length: 8, strategy: 'LongestFirst', stride: 0 },
        }),
      /tokenizer\.json: truncation\.direction is "Left"/,
    ],
    [
      'tokens at random',
      'sentence-transformers-5',
      () => edit('0_StaticEmbedding/tokenizer.json', { model: { type: 'BPE', dropout: 0.1, vocab: {}, merges: [] } }),
      /tokenizer\.json sets dropout to 0\.1/,
    ],
    [
      'modules after it',
      'sentence-transformers',
      () =>
        write('modules.json', [
          { type: 'sentence_transformers.models.StaticEmbedding', path: '' },
          { type: 'sentence_transformers.models.Dense', path: '1_Dense' },
        ]),
      /modules\.json lists StaticEmbedding, Dense/,
    ],
  ] as const) {
    it(`refuses ${what}, by name`, async () => {
      copy(name);
      change();
      await assert.rejects(load(), { name: 'StartError', message });
    });
  }
});
