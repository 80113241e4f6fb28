import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readPieces } from '../../../src/tasks/embedding/read-pieces.ts';
import { loadNativeTokenizer } from '../../../src/tokenization/native-tokenizer.ts';
import { truncateIds } from '../../../src/tokenization/truncate.ts';
import { fixtures } from '../../support/starter.ts';

const folder = path.join(fixtures, 'encoder-folders', 'bert-mean-6.2');
const prompt = 'query: ';
const content = `${prompt}hello world, gravity is a force`;

describe('readPieces()', () => {
  for (const overlength of ['end', 'start'] as const) {
    it(`gives a piece for each token where the ${overlength} was cut off, between the tokens around a text`, async () => {
      const tokenizer = await loadNativeTokenizer(path.join(folder, 'tokenizer.json'), { needsEndToken: false });
      const [[whole], [ofPrompt]] = await Promise.all([tokenizer.tokenize([content]), tokenizer.tokenize([prompt])]);
      assert.ok(whole !== undefined && ofPrompt !== undefined);
      assert.deepEqual(tokenizer.special, { before: 1, after: 1 });
      const promptIds = ofPrompt.ids.subarray(0, -1);
      for (let maxInputTokens = promptIds.length + 2; maxInputTokens < whole.ids.length; maxInputTokens++) {
        const ids = truncateIds(whole.ids, maxInputTokens, overlength, tokenizer.special, promptIds);
        const options = { overlength, model: { maxInputTokens, textRules: null }, tokenizer };
        const pieces = await readPieces({ content, prompt }, { ids, truncated: true }, options);
        assert.deepEqual(
          pieces.map(({ id }) => id),
          [...ids],
        );
        const inPrompt = pieces.flatMap((piece, i) => (piece.prompt ? [i] : []));
        assert.deepEqual(
          inPrompt,
          Array.from({ length: promptIds.length - 1 }, (_, i) => i + 1),
        );
        assert.deepEqual([pieces[0]?.special, pieces.at(-1)?.special], [true, true]);
        for (const { start, stop, text } of pieces.slice(1, -1)) {
          assert.equal(text, content.slice(start as number, stop as number));
        }
      }
    });
  }

  it('has no piece for a token that the model leaves out, but where all are asked for', async () => {
    const tokenizer = await loadNativeTokenizer(path.join(folder, 'tokenizer.json'), { needsEndToken: false });
    const text = 'hello 🙂 world';
    const [{ ids } = { ids: new Int32Array() }] = await tokenizer.tokenize([text]);
    const leftOut = ids[2] as number;
    const model = { maxInputTokens: 512, textRules: { source: 'a tool', leftOut, maxCharacters: null } };
    const textsOf = async (overlength: 'end' | 'keep', read: Int32Array) =>
      (
        await readPieces(
          { content: text, prompt: '' },
          { ids: read, truncated: false },
          { overlength, model, tokenizer },
        )
      ).map((piece) => piece.text);
    const all = await textsOf('keep', ids);
    const left = await textsOf(
      'end',
      ids.filter((id) => id !== leftOut),
    );
    assert.ok(all.includes('🙂'));
    assert.deepEqual(
      left,
      all.filter((one) => one !== '🙂'),
    );
    await assert.rejects(textsOf('end', ids), /pieces of a text are not its tokens/);
  });
});
