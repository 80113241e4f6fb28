import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { fixtures } from '../support/starter.ts';

interface Reference {
  text: string;
  /** [id, start, stop] in bytes. */
  tokens: [number, number | null, number | null][];
}

const references: Reference[] = JSON.parse(readFileSync(path.join(fixtures, 'token-places', 'starter.json'), 'utf8'));
const inCharacters: Record<string, Reference[]> = JSON.parse(
  readFileSync(path.join(fixtures, 'token-places', 'characters.json'), 'utf8'),
);
const file = path.join(packageRoot, 'models', 'starter', 'tokenizer.json');

describe('Tokenizer.read()', () => {
  it('gives the bytes that the reference gives, whatever lies before a token', async () => {
    const tokenizer = await loadNativeTokenizer(file);
    for (const { text, tokens } of references) {
      const read = await tokenizer.read(text, { specialTokens: true, unit: 'bytes' });
      assert.deepEqual(
        read.map(({ id, start, stop }) => [id, start, stop]),
        tokens,
        text,
      );
      const bytes = Buffer.from(text);
      for (const { text: part, start, stop, special } of read) {
        if (!special) assert.equal(part, bytes.subarray(start as number, stop as number).toString());
      }
    }
  });

  for (const [folder, cases] of Object.entries(inCharacters)) {
    it(`gives the characters that transformers gives: ${folder}`, async () => {
      const inFolder = folder === 'starter' ? file : path.join(fixtures, 'encoder-folders', folder, 'tokenizer.json');
      const tokenizer = await loadNativeTokenizer(inFolder);
      for (const { text, tokens } of cases) {
        const read = await tokenizer.read(text, { specialTokens: true, unit: 'code_points' });
        assert.deepEqual(
          read.map(({ id, start, stop }) => [id, start, stop]),
          tokens,
          text,
        );
        const characters = [...text];
        for (const { text: part, start, stop, special } of read) {
          if (!special) assert.equal(part, characters.slice(start as number, stop as number).join(''));
        }
      }
    });
  }

  it('gives the first tokens, or the last ones, where no more are wanted', async () => {
    const tokenizer = await loadNativeTokenizer(file);
    // More than is described at a time, with characters of several units.
    const text = Array.from({ length: 6_000 }, (_, i) => `${i} 🙂 gravité`).join(' ');
    const whole = await tokenizer.read(text, { specialTokens: true, unit: 'code_points' });
    const { before, after } = tokenizer.special;
    const inText = whole.slice(before, whole.length - after);
    for (const count of [1, 7, 9_000, inText.length, inText.length + 1]) {
      const read = (cutOff: 'start' | 'end', specialTokens: boolean) =>
        tokenizer.read(text, { specialTokens, unit: 'code_points', atMost: { count, cutOff } });
      assert.deepEqual(await read('end', false), inText.slice(0, count));
      assert.deepEqual(await read('start', false), inText.slice(-count));
      const withSpecial = await read('start', true);
      assert.deepEqual(withSpecial, [...whole.slice(0, before), ...inText.slice(-count), ...whole.slice(-after)]);
    }
  });

  it('gives places of the text as it came, where the model reads it in lower case', async () => {
    const changes = { normalizer: { type: 'Lowercase' } };
    const tokenizer = await loadNativeTokenizer(file, { needsEndToken: true, changes });
    // U+0130 becomes two code points, one byte longer.
    for (const text of ['İİ ABC', 'straße ÀÉ x', 'ΟΔΟΣ end']) {
      const read = (await tokenizer.read(text, { specialTokens: false, unit: 'bytes' })).filter(
        ({ special }) => !special,
      );
      const bytes = Buffer.from(text);
      assert.equal(read.at(-1)?.stop, bytes.length, text);
      for (const { text: part, start, stop } of read) {
        assert.equal(part, bytes.subarray(start as number, stop as number).toString());
      }
      assert.match(read.at(-1)?.text ?? '', /^( ABC|C|BC| x| end)$/);
    }
  });
});
