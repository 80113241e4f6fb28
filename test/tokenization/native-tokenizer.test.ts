import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { AutoTokenizer, env } from '@huggingface/transformers';
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { packageRoot } from '../../src/package-info.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import type { Tokenizer } from '../../src/tokenization/tokenizer.ts';
import { paddedFixtures } from '../support/padded-fixtures.ts';
import { golden, starterManifest } from '../support/starter.ts';

const baseTokenizer = path.join(packageRoot, '..', 'shared', 'data', 'qwen3-base-tokenizer', 'tokenizer.json');

describe('loadNativeTokenizer()', () => {
  let tokenizer: Tokenizer;
  let file: string;
  before(async () => {
    file = (await starterManifest()).tokenizerFile;
    tokenizer = await loadNativeTokenizer(file);
  });

  it('gives the ids of the reference tokenizer for every golden text', async () => {
    const encodings = await tokenizer.tokenize(golden.texts.map(({ text }) => text));
    for (const [i, { ids, text }] of golden.texts.entries())
      assert.deepEqual(Array.from(encodings[i]?.ids ?? []), ids, text);
  });

  it('gives the ids of transformers.js, prompted and with special tokens in the text', async () => {
    env.allowRemoteModels = false;
    env.localModelPath = path.join(packageRoot, 'models');
    const oracle = await AutoTokenizer.from_pretrained('starter');
    const texts = golden.texts.flatMap(({ text }) => [
      golden.query_prompt + text,
      `${text}<|endoftext|>${text}`,
      `  ${text}\n`,
    ]);
    const encodings = await tokenizer.tokenize(texts);
    for (const [i, text] of texts.entries()) {
      assert.deepEqual(
        Array.from(encodings[i]?.ids ?? []),
        (oracle(text).input_ids.tolist() as bigint[][])[0]?.map(Number),
        text,
      );
    }
  });

  it('finds the special tokens around a text', () => {
    assert.deepEqual(tokenizer.special, { before: 0, after: 1 });
  });

  it('finds none where a vocabulary drops every text', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const model = { type: 'BPE', vocab: { 北: 0 }, merges: [] };
    writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify({ version: '1.0', added_tokens: [], model }));
    const dropping = await loadNativeTokenizer(path.join(folder, 'tokenizer.json'), { needsEndToken: false });
    assert.deepEqual(dropping.special, { before: 0, after: 0 });
    const encodings = await dropping.tokenize(['a', '北', '']);
    assert.deepEqual(
      encodings.map(({ ids }) => Array.from(ids)),
      [[], [0], []],
    );
    rmSync(folder, { recursive: true });
  });

  it('puts around a text what the file’s post-processor does, and leaves places where it has them', async () => {
    const fixtures = [
      'padded/bert-mean',
      'padded/roberta-mean',
      'rerankers/xlm-roberta',
      'rerankers/modernbert-weights',
    ];
    const files = [file, ...fixtures.map((name) => path.join(packageRoot, 'test', 'fixtures', name, 'tokenizer.json'))];
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const trimming = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
    files.push(path.join(folder, 'tokenizer.json'));
    const json = JSON.parse(readFileSync(file, 'utf8'));
    json.post_processor.processors[0] = trimming;
    writeFileSync(files.at(-1) as string, JSON.stringify(json));
    const texts = [
      '',
      ' ',
      'The  capital of China\n is Beijing. ',
      '中国的首都是北京。',
      ' naïve a',
      'x'.repeat(10_000),
    ];
    for (const one of files) {
      const native = HuggingFaceTokenizer.fromFile(one);
      native.disableTruncation();
      native.disablePadding();
      const ours = await loadNativeTokenizer(one, { needsEndToken: false });
      const encodings = await ours.tokenize(texts);
      for (const [i, text] of texts.entries()) {
        const whole = await native.encode(text);
        assert.deepEqual(Array.from(encodings[i]?.ids ?? []), whole.getIds(), `${one}: ${text}`);
        const bare = await native.encode(text, null, { addSpecialTokens: false });
        const read = await ours.read(text, { specialTokens: false, unit: 'code_points' });
        assert.deepEqual(
          read.map(({ start, stop }) => [start, stop]),
          bare.getOffsets(),
          `${one}: ${text}`,
        );
      }
    }
    rmSync(folder, { recursive: true });
  });

  it('puts tokens on both sides where a vocabulary has none for a letter', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const piece = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
    const single: unknown[] = [piece('<s>'), { Sequence: { id: 'A', type_id: 0 } }, piece('</s>')];
    const tokens = ['<s>', '</s>'].map((token, id) => [token, { id: token, ids: [id], tokens: [token] }]);
    const json = {
      version: '1.0',
      added_tokens: [],
      post_processor: {
        type: 'TemplateProcessing',
        single,
        pair: [...single, { Sequence: { id: 'B', type_id: 0 } }],
        special_tokens: Object.fromEntries(tokens),
      },
      model: { type: 'BPE', vocab: { '<s>': 0, '</s>': 1, 北: 2 }, merges: [] },
    };
    writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(json));
    const dropping = await loadNativeTokenizer(path.join(folder, 'tokenizer.json'));
    const encodings = await dropping.tokenize(['a', '北', '']);
    assert.deepEqual(
      encodings.map(({ ids }) => Array.from(ids)),
      [
        [0, 1],
        [0, 2, 1],
        [0, 1],
      ],
    );
    rmSync(folder, { recursive: true });
  });

  it('ignores truncation and padding that were saved in the file', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const json = JSON.parse(readFileSync(file, 'utf8'));
    json.truncation = { direction: 'Right', max_length: 4, strategy: 'LongestFirst', stride: 0 };
    json.padding = {
      strategy: { Fixed: 64 },
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: 0,
      pad_type_id: 0,
      pad_token: '!',
    };
    const changed = path.join(folder, 'tokenizer.json');
    writeFileSync(changed, JSON.stringify(json));
    const other = await loadNativeTokenizer(changed);
    const [text] = golden.texts;
    const [encoding] = await other.tokenize([text?.text as string]);
    assert.deepEqual(Array.from(encoding?.ids ?? []), text?.ids);
    rmSync(folder, { recursive: true });
  });

  it('refuses the base model’s tokenizer, which appends no end token', {
    skip: !existsSync(baseTokenizer) && 'needs ../shared',
  }, async () => {
    await assert.rejects(loadNativeTokenizer(baseTokenizer), /appends no end token/);
  });

  it('accepts one that adds tokens around a text, and one that adds none when no end token is needed', async () => {
    const bert = path.join(paddedFixtures, 'bert-mean', 'tokenizer.json');
    assert.deepEqual((await loadNativeTokenizer(bert)).special, { before: 1, after: 1 });
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const bare = path.join(folder, 'tokenizer.json');
    writeFileSync(bare, JSON.stringify({ ...JSON.parse(readFileSync(bert, 'utf8')), post_processor: null }));
    await assert.rejects(loadNativeTokenizer(bare), /appends no end token/);
    const options = { needsEndToken: false };
    assert.deepEqual((await loadNativeTokenizer(bare, options)).special, { before: 0, after: 0 });
    rmSync(folder, { recursive: true });
  });

  it('puts a field in the place of the file’s', async () => {
    const ids = async (isLowercase: boolean, text: string) => {
      const changes = isLowercase ? { normalizer: { type: 'Lowercase' } } : null;
      const cased = await loadNativeTokenizer(file, { needsEndToken: true, changes });
      return Array.from((await cased.tokenize([text]))[0]?.ids ?? []);
    };
    assert.deepEqual(await ids(true, 'Hello ÜBER'), await ids(false, 'hello über'));
    assert.notDeepEqual(await ids(false, 'Hello ÜBER'), await ids(false, 'hello über'));
  });

  it('says that a file is damaged', async () => {
    await assert.rejects(
      loadNativeTokenizer(path.join(packageRoot, 'package.json')),
      /tokenizer\.json cannot be loaded/,
    );
  });
});
