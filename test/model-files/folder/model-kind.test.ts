import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { paddedFixtures } from '../../support/padded-fixtures.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = () => describeModel({ name: 'copy', folder });
const write = (file: string, content: unknown) => {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), JSON.stringify(content));
};
const edit = (file: string, change: Record<string, unknown>) =>
  write(file, { ...JSON.parse(readFileSync(path.join(folder, file), 'utf8')), ...change });
const modules = (...types: string[]) =>
  write(
    'modules.json',
    types.map((type, i) => ({ type: `sentence_transformers.${type}`, path: i === 0 ? '' : `${i}` })),
  );

describe('describeModel() of a folder that is not a complete embedding model', () => {
  const copies = {
    safetensors: path.join(packageRoot, 'models', 'starter'),
    ONNX: path.join(paddedFixtures, 'bert-mean'),
  };
  for (const [kind, source] of Object.entries(copies)) {
    for (const file of [
      'adapter_config.json',
      'adapter_model.safetensors',
      'adapter_model.bin',
      'pytorch_adapter.bin',
      '1_Pooling/adapter_config.json',
    ]) {
      it(`refuses ${file} beside the weights in ${kind}, saying how to merge it`, async () => {
        cpSync(source, folder, { recursive: true });
        write(file, {});
        await assert.rejects(load(), {
          name: 'StartError',
          message: new RegExp(
            `next to its weights is ${file.replace('.', '\\.')}, an adapter.*merge_and_unload.*remove`,
          ),
        });
      });
    }
  }

  it('says of an adapter without weights that it is one, not that it has no config.json', async () => {
    modules('models.Transformer', 'models.Pooling');
    write('adapter_config.json', { peft_type: 'LORA' });
    write('adapter_model.safetensors', {});
    await assert.rejects(load(), {
      name: 'StartError',
      message: /^copy: adapter_config\.json: this is an adapter .*, not a model;.*merge_and_unload/,
    });
  });

  it('finds the adapter of the first versions, which have weights in a folder of their own', async () => {
    write('modules.json', [{ type: 'sentence_transformers.models.Transformer', path: '0_Transformer' }]);
    write('0_Transformer/adapter_model.bin', {});
    await assert.rejects(load(), { message: /0_Transformer\/adapter_model\.bin: this is an adapter/ });
  });

  for (const [what, change, message] of [
    [
      'a static sparse model',
      () => modules('sparse_encoder.models.SparseStaticEmbedding'),
      /is a sparse embedding model.*SparseStaticEmbedding/,
    ],
    [
      'a sparse model',
      () => modules('sparse_encoder.models.MLMTransformer', 'sparse_encoder.models.SpladePooling'),
      /is a sparse embedding model/,
    ],
    [
      'a multi-vector model',
      () => write('config_sentence_transformers.json', { model_type: 'MultiVectorEncoder' }),
      /is a multi-vector model/,
    ],
  ] as const) {
    it(`says of ${what} what it is, and advises no export`, async () => {
      cpSync(copies.ONNX, folder, { recursive: true });
      change();
      await assert.rejects(load(), (error: Error) => {
        assert.match(error.message, message);
        assert.match(error.message, /Choose another model/);
        assert.doesNotMatch(error.message, /optimum/);
        return true;
      });
    });
  }

  it('takes an embedding model whose weights were saved with a head, if its modules pool the hidden states', async () => {
    cpSync(copies.ONNX, folder, { recursive: true });
    edit('config.json', { architectures: ['BertForSequenceClassification'] });
    assert.equal((await load()).pooling, 'mean');
  });
});
