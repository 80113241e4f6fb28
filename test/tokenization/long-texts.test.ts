import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { packageRoot } from '../../src/package-info.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import type { Tokenizer } from '../../src/tokenization/tokenizer.ts';
import { truncateIds } from '../../src/tokenization/truncate.ts';

type Pieces = [piece: string, times: number][];

const fixtures = path.join(packageRoot, 'test', 'fixtures');
const folder = path.join(fixtures, 'long-texts');
/** What transformers makes of long texts, see make.py beside it. */
const cases = JSON.parse(readFileSync(path.join(folder, 'cases.json'), 'utf8')) as {
  limit: number;
  texts: Pieces[];
  rows: Record<string, [count: number, right: number[], left: number[]][]>;
};
const textOf = (pieces: Pieces) => pieces.map(([piece, times]) => piece.repeat(times)).join('');
const files: Record<string, string> = {
  starter: path.join(packageRoot, 'models', 'starter', 'tokenizer.json'),
  'bert-mean': path.join(fixtures, 'padded', 'bert-mean', 'tokenizer.json'),
  'roberta-mean': path.join(fixtures, 'padded', 'roberta-mean', 'tokenizer.json'),
  unigram: path.join(folder, 'unigram.json'),
  'one-word': path.join(folder, 'one-word.json'),
  'digits-by-threes': path.join(folder, 'digits-by-threes.json'),
};

const someWords = [
  'vector',
  'The',
  "don't",
  'Straße',
  'ÉCOLE',
  '1234567',
  '北京',
  '上海天气',
  '한국어',
  '😀',
  '👩‍👩‍👧',
  'e\u0301',
  'ﬁ',
  '—',
];
const someRuns = [' ', '\n', 'a', 'ab', '0', '12', '.', '😀', '中', '\u0301', '\u3000', ' \n', 'x '];
/** Texts of some thousand characters: words, spaces as in tables, and runs of one character. */
const longText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...someWords), fc.constantFrom(1, 1, 1, 300)) },
      { weight: 3, arbitrary: fc.tuple(fc.constantFrom(' ', '  ', '\n'), fc.constantFrom(1, 30, 90)) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...someRuns), fc.integer({ min: 1, max: 3_000 })) },
      { weight: 1, arbitrary: fc.tuple(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.constant(1)) },
    ),
    { minLength: 20, maxLength: 120 },
  )
  .map((pieces) => textOf(pieces as Pieces));

for (const [name, file] of Object.entries(files)) {
  describe(`A long text, by the tokenizer ${name}`, () => {
    let tokenizer: Tokenizer;
    let native: HuggingFaceTokenizer;
    before(async () => {
      tokenizer = await loadNativeTokenizer(file, { needsEndToken: false });
      native = HuggingFaceTokenizer.fromFile(file);
      native.disableTruncation();
      native.disablePadding();
    });

    it('is counted, and cut on either side, as transformers does', async () => {
      const { limit } = cases;
      const texts = cases.texts.map(textOf);
      const whole = await tokenizer.tokenize(texts);
      const start = await tokenizer.tokenize(texts, { enough: limit });
      for (const [i, [count, right, left]] of (cases.rows[name] ?? []).entries()) {
        const label = JSON.stringify(cases.texts[i]).slice(0, 60);
        const [{ ids: all }, { ids: some, isCutShort }] = [whole[i], start[i]] as [
          { ids: Int32Array },
          { ids: Int32Array; isCutShort?: boolean },
        ];
        assert.equal(all.length, count, label);
        assert.equal(isCutShort === true || some.length === count, true, label);
        assert.deepEqual(Array.from(truncateIds(some, limit, 'end', tokenizer.special)), right, label);
        assert.deepEqual(Array.from(truncateIds(all, limit, 'start', tokenizer.special)), left, label);
      }
    });

    it('has the tokens of the text in one, however far it is read: 30 random texts', async () => {
      await fc.assert(
        fc.asyncProperty(longText, fc.integer({ min: 1, max: 400 }), async (text, enough) => {
          const wanted = (await native.encode(text)).getIds();
          const [read] = (await tokenizer.tokenize([text], { enough })) as [{ ids: Int32Array; isCutShort?: boolean }];
          const { before: first, after } = tokenizer.special;
          const body = Array.from(read.ids).slice(0, read.ids.length - after);
          assert.deepEqual(body, wanted.slice(0, body.length));
          assert.deepEqual(Array.from(read.ids).slice(body.length), wanted.slice(wanted.length - after));
          assert.ok(body.length >= first);
          if (read.isCutShort === true) assert.ok(read.ids.length > enough && read.ids.length < wanted.length);
          else assert.equal(read.ids.length, wanted.length);
        }),
        { numRuns: 30, seed: 20_261_130 },
      );
    });

    it('is read token by token as in one', async () => {
      await fc.assert(
        fc.asyncProperty(longText, async (part) => {
          const text = `${part} ${part}\n${part}`;
          const encoding = await native.encode(text);
          const read = await tokenizer.read(text, { specialTokens: true, unit: 'bytes' });
          assert.deepEqual(
            read.map(({ id }) => id),
            encoding.getIds(),
          );
          const special = encoding.getSpecialTokensMask();
          const bytes = [0];
          for (const character of text) bytes.push((bytes.at(-1) as number) + Buffer.byteLength(character));
          const offsets = encoding.getOffsets().map((places) => places.map((place) => bytes[place]));
          const places = read.map(({ start, stop }) => [start, stop]);
          const { before: first, after } = tokenizer.special;
          const end = places.length - after;
          assert.deepEqual(places.slice(first, end), offsets.slice(first, end));
          assert.deepEqual(
            read.map((token) => (token.special ? 1 : 0)),
            special,
          );
        }),
        { numRuns: 6, seed: 20_261_130 },
      );
    });
  });
}

describe('A long text that a model reads in lower case', () => {
  it('has the tokens of the lower-case text, at the places of the text as it is', async () => {
    const file = files['digits-by-threes'] as string;
    const [lower, plain] = await Promise.all(
      [{ type: 'Lowercase' }, null].map((normalizer) =>
        loadNativeTokenizer(file, { needsEndToken: false, changes: { normalizer } }),
      ),
    );
    const text = 'Der GROSSE İstanbul-Führer, ΣΊΣΥΦΟΣ; '.repeat(600);
    // Letter by letter: JavaScript knows a final sigma, the tokenizer does not.
    const lowered = Array.from(text, (character) => character.toLowerCase()).join('');
    const [wanted] = (await plain?.tokenize([lowered])) ?? [];
    const read = (await lower?.read(text, { specialTokens: true, unit: 'bytes' })) ?? [];
    assert.deepEqual(
      read.map(({ id }) => id),
      Array.from(wanted?.ids ?? []),
    );
    const bytes = Buffer.from(text);
    const marks = read.filter(({ text: mark }) => mark === ';');
    assert.equal(marks.length, 600);
    for (const { start, stop } of marks) {
      assert.equal(bytes.subarray(start ?? 0, stop ?? 0).toString(), ';');
    }
  });
});
