import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { fixtures } from '../../support/starter.ts';

/**
 * `max_seq_length` of sentence-transformers 6.2.0 for a folder where nothing but its config.json bounds it. RoBERTa and MPNet
 * use no position up to that of the padding: of longer texts transformers fails, where sentence-transformers would have two more.
 */
const BY_POSITIONS: Readonly<Record<string, number>> = {
  'bert-three-heads': 96,
  'distilbert-three-heads': 96,
  'xlm-roberta-three-heads': 98 - 2,
  'mpnet-three-heads': 182 - 2,
  'modernbert-three-heads': 128,
  'nomic-bert-three-heads': 128,
  'gemma3-three-heads': 128,
};
const UNLIMITED = { model_max_length: 1e30 };

describe('the length limit of an encoder from safetensors', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, positions] of Object.entries(BY_POSITIONS)) {
    it(`is that of sentence-transformers: ${name}`, async () => {
      const copy = path.join(folder, name);
      cpSync(path.join(fixtures, 'encoders', name), copy, { recursive: true });
      const edit = (file: string, change: object) => {
        const found = JSON.parse(readFileSync(path.join(copy, file), 'utf8')) as object;
        writeFileSync(path.join(copy, file), JSON.stringify({ ...found, ...change }));
      };
      const limit = async () => (await describeModel({ name, folder: copy }, { pooling: 'mean' })).maxTokens;
      // As since version 6.
      edit('tokenizer_config.json', { model_max_length: 48 });
      assert.equal(await limit(), 48);
      edit('tokenizer_config.json', UNLIMITED);
      assert.equal(await limit(), positions);
      // It cuts what goes through it, and is told otherwise at every call.
      const truncation = { direction: 'Right', max_length: 16, strategy: 'LongestFirst', stride: 0 };
      edit('tokenizer.json', { truncation });
      assert.equal(await limit(), positions);
      // As before it.
      edit('tokenizer_config.json', { model_max_length: 64 });
      writeFileSync(path.join(copy, 'sentence_bert_config.json'), JSON.stringify({ max_seq_length: 40 }));
      assert.equal(await limit(), 40);
      const argumentsOfCalls = { processing_kwargs: { text: { max_length: 24 } } };
      writeFileSync(path.join(copy, 'sentence_bert_config.json'), JSON.stringify(argumentsOfCalls));
      assert.equal(await limit(), 24);
    });
  }

  it('is more than NomicBERT says of its positions where its module says so, as sentence-transformers has it', async () => {
    const copy = path.join(folder, 'nomic-bert');
    cpSync(path.join(fixtures, 'encoders', 'nomic-bert-as-published'), copy, { recursive: true });
    const file = path.join(copy, 'config.json');
    const published = JSON.parse(readFileSync(file, 'utf8')) as object;
    for (const [positions, withoutModule, withModule] of [
      [{ n_positions: 8192 }, 8192, 4096],
      // As transformers 5 reads and writes it, and as nomic-embed-text-v1.5 is published.
      [{ n_positions: 8192, max_position_embeddings: 2048 }, 2048, 4096],
      [{ n_positions: null, max_position_embeddings: 2048 }, 2048, 4096],
      [{ n_positions: 1024, max_position_embeddings: 2048 }, 1024, 1024],
      [{ n_positions: null }, 2048, 2048],
    ] as const) {
      const limit = async () => (await describeModel({ name: 'copy', folder: copy }, { pooling: 'mean' })).maxTokens;
      writeFileSync(file, JSON.stringify({ ...published, ...positions }));
      writeFileSync(path.join(copy, 'tokenizer_config.json'), JSON.stringify({ model_max_length: 8192 }));
      rmSync(path.join(copy, 'sentence_bert_config.json'), { force: true });
      assert.equal(await limit(), withoutModule, JSON.stringify(positions));
      writeFileSync(path.join(copy, 'sentence_bert_config.json'), JSON.stringify({ max_seq_length: 4096 }));
      assert.equal(await limit(), withModule, JSON.stringify(positions));
    }
  });
});
