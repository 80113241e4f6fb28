import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { PUBLISHED_TRUTHS } from '../../src/model-files/known/published-truth.ts';
import { packageRoot } from '../../src/package-info.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import type { Tokenizer } from '../../src/tokenization/tokenizer.ts';

// Real tokenizers against the ids that other programs give: too large for this repository, so only where they lie
// beside it.
const data = path.join(packageRoot, '..', 'shared', 'data');
const vectors = path.join(data, 'tokenizer-vectors');
const skip = existsSync(vectors) ? false : 'the real tokenizers are not beside the project (../shared)';

interface Vector {
  text: string;
  /** Without special tokens. */
  ids: number[];
}

/** Texts and ids of llama.cpp's tokenizer tests. */
function ofLlamaCpp(name: string): Vector[] {
  const read = (extension: string) => readFileSync(path.join(vectors, `ggml-vocab-${name}.gguf.${extension}`), 'utf8');
  const texts = read('inp').split('\n__ggml_vocab_test__\n');
  // As many lines as texts; that of a text without tokens is blank.
  const lines = read('out').split('\n');
  return texts.map((text, i) => ({ text, ids: (lines[i] ?? '').trim().split(/\s+/).filter(Boolean).map(Number) }));
}

async function expectIds(tokenizer: Tokenizer, all: Vector[]): Promise<void> {
  const { before: first, after } = tokenizer.special;
  const encodings = await tokenizer.tokenize(all.map(({ text }) => text));
  for (const [i, { text, ids }] of all.entries()) {
    const found = Array.from(encodings[i]?.ids ?? []);
    assert.deepEqual(found.slice(first, found.length - after), ids, JSON.stringify(text));
  }
}

describe('the tokenizer of Qwen3-Embedding-0.6B', { skip }, () => {
  let tokenizer: Tokenizer;
  before(async () => {
    tokenizer = await loadNativeTokenizer(path.join(data, 'qwen3-embedding-0.6b', 'tokenizer.json'));
  });

  it('gives the ids of llama.cpp', async () => {
    const all = ofLlamaCpp('qwen2');
    assert.ok(all.length > 40, `${all.length} vectors`);
    await expectIds(tokenizer, all);
  });

  it('gives the ids of transformers.js', async () => {
    const all = JSON.parse(readFileSync(path.join(vectors, 'qwen2-transformersjs.json'), 'utf8')) as Vector[];
    assert.ok(all.length > 20, `${all.length} vectors`);
    await expectIds(tokenizer, all);
  });

  it('appends <|endoftext|> to every text, and gives an empty one that alone', async () => {
    const [some, none] = await tokenizer.tokenize(['a', '']);
    assert.deepEqual([some?.ids.at(-1), Array.from(none?.ids ?? [])], [151643, [151643]]);
  });

  it('gives the ids that the built-in canary holds', async () => {
    const cases = PUBLISHED_TRUTHS.flatMap(({ canary }) => canary?.cases ?? []);
    const encodings = await tokenizer.tokenize(cases.map(({ text }) => text));
    for (const [i, { ids, text }] of cases.entries()) assert.deepEqual(Array.from(encodings[i]?.ids ?? []), ids, text);
  });
});

describe('the tokenizer of all-MiniLM-L6-v2', { skip }, () => {
  it('gives the ids of llama.cpp', async () => {
    await expectIds(
      await loadNativeTokenizer(path.join(vectors, 'bert-base-uncased-minilm', 'tokenizer.json')),
      ofLlamaCpp('bert-bge'),
    );
  });
});
