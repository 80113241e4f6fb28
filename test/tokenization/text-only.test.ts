import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Tokenizer } from 'tokenizers';
import { type HiddenTokens, readTextOnly } from '../../src/tokenization/text-only.ts';
import { rerankerFolders } from '../support/reranker-references.ts';
import { fixtures } from '../support/starter.ts';

interface Added {
  id: number;
  content: string;
  special: boolean;
}
type TokenizerFile = {
  added_tokens: Added[];
  model: {
    type: string;
    unk_token?: string;
    unk_id?: number;
    vocab: Record<string, number> | [string, number][];
    [option: string]: unknown;
  };
  [part: string]: unknown;
};

const { bases } = JSON.parse(readFileSync(path.join(fixtures, 'tokenizer-classes', 'cases.json'), 'utf8')) as {
  bases: Record<string, TokenizerFile>;
};
const ofFolder = (name: string): TokenizerFile =>
  JSON.parse(readFileSync(path.join(rerankerFolders, name, 'tokenizer.json'), 'utf8'));

/** Whole words are looked up: in WordPiece where white space alone ends a word, in BPE where it says so. */
const wholeWords = { ...(bases['word-piece'] as TokenizerFile), pre_tokenizer: { type: 'WhitespaceSplit' } };
const byteBpe = bases['byte-bpe'] as TokenizerFile;
const wholeTexts = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
const lookingUp: TokenizerFile = {
  ...byteBpe,
  pre_tokenizer: wholeTexts,
  model: { ...byteBpe.model, ignore_merges: true },
};
/** Converters of SentencePiece files write a merge for every pair of pieces that makes another. */
const merging: TokenizerFile = {
  ...byteBpe,
  pre_tokenizer: wholeTexts,
  model: {
    ...byteBpe.model,
    vocab: { ...(byteBpe.model.vocab as Record<string, number>), '</': 900, 's>': 901 },
    merges: [['<', '/'], ['s', '>'], ['</', 's>'], ...(byteBpe.model.merges as [string, string][])],
  },
};
const FILES: Record<string, TokenizerFile> = {
  ...bases,
  'word-piece of a cross-encoder': ofFolder('bert-identity'),
  'unigram of a cross-encoder': ofFolder('xlm-roberta'),
  'whole words': wholeWords,
  'byte-bpe that looks words up': lookingUp,
  'byte-bpe that merges a special token': merging,
};
/** Added to each file behind its own: ids of what the vocabulary lacks follow from the order. */
const MORE = [
  { content: '<|first|>', special: true },
  { content: 'zwei worte', special: false },
  { content: '<|second|>', special: true },
  { content: '<word>', special: false },
];

function withMore(json: TokenizerFile): TokenizerFile {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  const next = Math.max(Tokenizer.fromString(JSON.stringify(json)).getVocabSize(true));
  return {
    ...json,
    added_tokens: [...json.added_tokens, ...MORE.map((token, i) => ({ id: next + i, ...flags, ...token }))],
  };
}

const open = (json: object) => Tokenizer.fromString(JSON.stringify(json));
const idsOf = async (tokenizer: Tokenizer, text: string) =>
  (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds();
const inContexts = (token: string) => [
  token,
  `a ${token} b`,
  `a${token}b`,
  ` ${token}`,
  `${token}${token}`,
  `${token} `,
];

describe('readTextOnly()', () => {
  for (const [name, file] of Object.entries(FILES)) {
    const json = withMore(file);
    const whole = open(json);
    const unknown =
      json.model.unk_token ?? (Array.isArray(json.model.vocab) ? json.model.vocab[json.model.unk_id ?? 0]?.[0] : '');
    const of = (which: HiddenTokens) => open(readTextOnly(json, which));
    const idOf = (content: string) => whole.tokenToId(content) as number;

    it(`makes nothing that is written into a special token: ${name}`, async () => {
      const text = of('special');
      for (const { content } of json.added_tokens.filter(({ special }) => special)) {
        // What is in no vocabulary is unknown, however it is written.
        if (content === unknown) continue;
        for (const written of inContexts(content)) {
          const ids = await idsOf(text, written);
          assert.ok(!ids.includes(idOf(content)), `${JSON.stringify(written)}: ${ids}`);
        }
      }
    });

    it(`makes no special token of any mixture of their pieces: ${name}`, async () => {
      const text = of('all');
      const hidden = json.added_tokens.filter(({ content }) => content !== unknown);
      const ids = new Set(hidden.map(({ content }) => idOf(content)));
      const pieces = hidden.flatMap(({ content }) => [
        content,
        content.slice(0, 2),
        content.slice(2),
        content.toUpperCase(),
      ]);
      const written = fc.array(fc.constantFrom(...pieces, ' ', 'a', '\n', '▁', 'ä'), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(written, async (parts) => {
          const found = (await idsOf(text, parts.join(''))).filter((id) => ids.has(id));
          assert.deepEqual(found, []);
        }),
        { numRuns: 150, seed: 7 },
      );
    });

    it(`leaves every other token its id: ${name}`, async () => {
      const text = of('special');
      for (const { content } of json.added_tokens.filter(({ special }) => !special)) {
        assert.equal(text.tokenToId(content), whole.tokenToId(content), content);
        for (const written of inContexts(content))
          assert.deepEqual(await idsOf(text, written), await idsOf(whole, written));
      }
      const vocabulary = whole.getVocab(false);
      const specials = new Set(json.added_tokens.filter(({ special }) => special).map(({ content }) => content));
      const readVocabulary = text.getVocab(true);
      for (const [piece, id] of Object.entries(vocabulary)) {
        if (!specials.has(piece)) assert.equal(readVocabulary[piece], id, piece);
      }
    });

    it(`reads ordinary texts as the whole tokenizer does: ${name}`, async () => {
      const text = of('special');
      for (const written of [
        'Hello WORLD, café!',
        ' two  spaces ',
        '北京 12345',
        'zwei worte und <word>',
        'a\nb\tc ☂',
        '',
      ]) {
        assert.deepEqual(await idsOf(text, written), await idsOf(whole, written), written);
      }
    });

    it(`changes no file: ${name}`, () => {
      const before = structuredClone(json);
      readTextOnly(json, 'all');
      assert.deepEqual(json, before);
    });
  }

  it('hides only special ones, or all', async () => {
    const json = withMore(bases['word-piece'] as TokenizerFile);
    const id = open(json).tokenToId('<word>') as number;
    assert.ok((await idsOf(open(readTextOnly(json, 'special')), 'a <word> b')).includes(id));
    assert.ok(!(await idsOf(open(readTextOnly(json, 'all')), 'a <word> b')).includes(id));
  });

  it('is needed: without added tokens, vocabularies of whole words and pieces have special ones all the same', async () => {
    for (const [name, token] of [
      ['unigram of a cross-encoder', '</s>'],
      ['whole words', '[SEP]'],
      ['byte-bpe that looks words up', '</s>'],
      ['byte-bpe that merges a special token', '</s>'],
    ] as const) {
      const json = FILES[name] as TokenizerFile;
      const id = open(json).tokenToId(token) as number;
      assert.ok((await idsOf(open({ ...json, added_tokens: [] }), token)).includes(id), name);
      assert.ok(!(await idsOf(open(readTextOnly(json, 'special')), token)).includes(id), name);
    }
  });
});
