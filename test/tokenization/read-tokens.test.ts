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
const file = path.join(packageRoot, 'models', 'starter', 'tokenizer.json');

describe('Tokenizer.read()', () => {
  it('gives the bytes that the reference gives, whatever lies before a token', async () => {
    const tokenizer = await loadNativeTokenizer(file);
    for (const { text, tokens } of references) {
      const read = await tokenizer.read(text, { specialTokens: true });
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

  it('gives places of the text as it came, where the model reads it in lower case', async () => {
    const changes = { normalizer: { type: 'Lowercase' } };
    const tokenizer = await loadNativeTokenizer(file, { needsEndToken: true, changes });
    // U+0130 becomes two code points, one byte longer.
    for (const text of ['İİ ABC', 'straße ÀÉ x', 'ΟΔΟΣ end']) {
      const read = (await tokenizer.read(text, { specialTokens: false })).filter(({ special }) => !special);
      const bytes = Buffer.from(text);
      assert.equal(read.at(-1)?.stop, bytes.length, text);
      for (const { text: part, start, stop } of read) {
        assert.equal(part, bytes.subarray(start as number, stop as number).toString());
      }
      assert.match(read.at(-1)?.text ?? '', /^( ABC|C|BC| x| end)$/);
    }
  });
});
