import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { checkTokenizer } from '../../src/tokenization/tokenizer.ts';
import { golden, starterManifest } from '../support/starter.ts';

describe('checkTokenizer()', () => {
  it('accepts the reference ids and refuses any other', async () => {
    const tokenizer = await loadNativeTokenizer((await starterManifest()).tokenizerFile);
    await checkTokenizer(tokenizer, golden.texts);
    const [first, second] = golden.texts;
    assert.ok(first !== undefined && second !== undefined);
    const wrong = { text: second.text, ids: [...second.ids.slice(0, -2), 1, ...second.ids.slice(-1)] };
    await assert.rejects(
      checkTokenizer(tokenizer, [first, wrong]),
      /token ids that differ from the reference.*canary text 2/,
    );
  });
});
