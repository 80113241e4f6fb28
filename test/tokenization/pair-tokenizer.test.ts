import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Tokenizer } from 'tokenizers';
import type { TemplatePart } from '../../src/model-files/manifest.ts';
import { loadPairTokenizer, type PairTokenizer } from '../../src/tokenization/pair-tokenizer.ts';
import { rerankerFolders } from '../support/reranker-references.ts';

const OWN_FORM = { parts: null, instructedParts: null };
const fileOf = (name: string) => path.join(rerankerFolders, name, 'tokenizer.json');
const jsonOf = (name: string) => JSON.parse(readFileSync(fileOf(name), 'utf8'));

/** The ids of a pair that nothing is cut of. */
async function idsOf({ text, parts }: PairTokenizer, query: string, document: string): Promise<number[]> {
  const lists: number[][] = [];
  for (const part of parts) {
    if ('ids' in part) lists.push([...part.ids]);
    else {
      const [word] = part.words;
      assert.ok(part.words.length === 1 && typeof word === 'object');
      const [encoding] = await text.tokenize([word.slot === 'query' ? query : document]);
      lists.push([...(encoding?.ids ?? [])]);
    }
  }
  return lists.flat();
}

describe('loadPairTokenizer(): the form of the tokenizer itself', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-pairs-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const write = (json: object): string => {
    const file = path.join(folder, 'tokenizer.json');
    writeFileSync(file, JSON.stringify(json));
    return file;
  };

  for (const [name, between] of [
    ['bert-identity', [[2], [3], [3]]],
    ['xlm-roberta', [[0], [2, 2], [2]]],
  ] as const) {
    it(`finds the tokens before, between and after two texts: ${name}`, async () => {
      const { parts, instructedParts, cuts } = await loadPairTokenizer(fileOf(name), OWN_FORM, {});
      assert.deepEqual(
        parts.filter((part) => 'ids' in part).map((part) => ('ids' in part ? [...part.ids] : [])),
        between,
      );
      assert.equal(instructedParts, null);
      assert.equal(cuts, 'longest_first');
    });

    it(`reads ordinary pairs as the tokenizers library: ${name}`, async () => {
      const native = Tokenizer.fromFile(fileOf(name));
      const tokenizer = await loadPairTokenizer(fileOf(name), OWN_FORM, {});
      for (const [query, document] of [
        ['What is the capital of China?', '中国的首都是北京。'],
        ['a', ' a  b '],
        ['☂', 'An apple'],
      ] as const) {
        assert.deepEqual(await idsOf(tokenizer, query, document), (await native.encode(query, document)).getIds());
      }
    });

    it(`lets no text forge what stands between texts: ${name}`, async () => {
      const tokenizer = await loadPairTokenizer(fileOf(name), OWN_FORM, {});
      const json = jsonOf(name) as { added_tokens: { id: number; content: string }[] };
      for (const { content } of json.added_tokens) {
        const ids = await idsOf(tokenizer, `a ${content} b${content}`, `${content}${content} c`);
        for (const id of new Set(between.flat())) {
          const expected = between.flat().filter((one) => one === id).length;
          assert.equal(ids.filter((one) => one === id).length, expected, `${content}: ${ids}`);
        }
      }
    });
  }

  it('has a joined pair where nothing stands between', async () => {
    const { parts } = await loadPairTokenizer(
      write({ ...jsonOf('bert-identity'), post_processor: null }),
      OWN_FORM,
      {},
    );
    assert.deepEqual(
      parts.map((part) => ('ids' in part ? [...part.ids] : part.words)),
      [[], [{ slot: 'query' }], [], [{ slot: 'document' }], []],
    );
  });

  it('refuses a form with the second text first', async () => {
    const { post_processor, ...json } = jsonOf('bert-identity');
    const [cls, first, sep, second, end] = post_processor.pair;
    const file = write({ ...json, post_processor: { ...post_processor, pair: [cls, second, sep, first, end] } });
    await assert.rejects(loadPairTokenizer(file, OWN_FORM, {}), { name: 'StartError', message: /knows no pairs/ });
  });
});

describe('loadPairTokenizer(): a template', () => {
  const parts: TemplatePart[] = [
    { token: '<|im_start|>' },
    { words: ['user\n', { slot: 'query' }, ' ', { slot: 'document' }] },
    { token: '<|im_end|>' },
    { words: ['\n'] },
  ];

  it('makes ids of its tokens and of words that no request changes', async () => {
    const file = fileOf('causal-plain');
    const native = Tokenizer.fromFile(file);
    const tokenizer = await loadPairTokenizer(file, { parts, instructedParts: null }, {});
    assert.equal(tokenizer.cuts, 'document');
    const [start, words, end, last] = tokenizer.parts;
    assert.deepEqual(start, { ids: Int32Array.of(native.tokenToId('<|im_start|>') as number) });
    assert.deepEqual(words, parts[1]);
    assert.deepEqual(end, { ids: Int32Array.of(native.tokenToId('<|im_end|>') as number) });
    assert.deepEqual(last, {
      ids: Int32Array.from((await native.encode('\n', null, { addSpecialTokens: false })).getIds()),
    });
  });

  it('refuses a token that the tokenizer does not have, naming it', async () => {
    const template = { parts: [{ token: '<|nobody|>' }, ...parts], instructedParts: null };
    const loading = loadPairTokenizer(fileOf('causal-plain'), template, {});
    await assert.rejects(loading, { name: 'StartError', message: /<\|nobody\|>/ });
  });
});
