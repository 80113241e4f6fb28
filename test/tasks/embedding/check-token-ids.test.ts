import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkTokenIds } from '../../../src/tasks/embedding/check-token-ids.ts';
import type { Marks } from '../../../src/tokenization/tokenizer.ts';
import { modelFacts } from '../../support/model-facts.ts';

const model = modelFacts({ vocabularySize: 100, maxInputTokens: 64 });
const check = (ids: number[], marks: Marks) => [...checkTokenIds(ids, 'input', model, 'error', marks)];

/** Special tokens around a text, what is padded with, lists with padding, and lists without, however they look. */
const FAMILIES: [name: string, marks: Marks, padded: number[][], whole: number[][]][] = [
  [
    'Qwen3-Embedding, which ends texts with the token it pads with',
    { before: [], after: [9], padding: 9 },
    [
      [9, 1, 2, 9],
      [1, 2, 9, 9],
    ],
    [[1, 2, 9], [9], [1, 9, 2, 9]],
  ],
  [
    'a decoder with another end token',
    { before: [], after: [9], padding: 8 },
    [
      [8, 1, 2, 9],
      [8, 9],
    ],
    [
      [1, 8, 9],
      [1, 9],
    ],
  ],
  [
    'one that only begins texts',
    { before: [7], after: [], padding: 8 },
    [
      [7, 1, 8],
      [7, 8, 8],
    ],
    [
      [7, 8, 1],
      [7, 1],
    ],
  ],
  [
    'BERT, in whose texts [PAD] may stand',
    { before: [7], after: [9], padding: 8 },
    [],
    [
      [7, 8, 1, 9],
      [7, 1, 8, 9],
    ],
  ],
  ['one of which no padding is known', { before: [], after: [9] }, [], [[9, 1, 9, 9]]],
];

describe('checkTokenIds()', () => {
  for (const [name, marks, padded, whole] of FAMILIES) {
    it(`tells padded lists from whole ones: ${name}`, () => {
      for (const ids of padded) {
        assert.throws(() => check(ids, marks), {
          code: 'invalid_token_id',
          message: /which is the padding token of this model's tokenizer/,
        });
        assert.deepEqual([...checkTokenIds(ids, 'input', model, 'error', undefined)], ids);
      }
      for (const ids of whole) assert.deepEqual(check(ids, marks), ids);
    });
  }

  it('tells padding that hides the special tokens as ids without them', () => {
    const marks = { before: [7], after: [9], padding: 8 };
    assert.throws(() => check([7, 1, 9, 8], marks), /does not begin with token 7 and end with token 9/);
    assert.throws(() => check([8, 7, 1, 9], marks), /does not begin with token 7 and end with token 9/);
  });
});
