import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { truncateIds } from '../../src/tokenization/truncate.ts';

const ids = Int32Array.of(90, 1, 2, 3, 4, 5, 98, 99);
const special = { before: 1, after: 2 };

describe('truncateIds()', () => {
  it('cuts the text and keeps the special tokens around it', () => {
    assert.deepEqual(Array.from(truncateIds(ids, 6, 'end', special)), [90, 1, 2, 3, 98, 99]);
    assert.deepEqual(Array.from(truncateIds(ids, 6, 'start', special)), [90, 3, 4, 5, 98, 99]);
    assert.deepEqual(Array.from(truncateIds(ids, 3, 'end', special)), [90, 98, 99]);
  });

  it('keeps the prompt where the start of the text is cut off', () => {
    const prompt = Int32Array.of(90, 50, 51);
    assert.deepEqual(Array.from(truncateIds(ids, 6, 'start', special, prompt)), [90, 50, 51, 5, 98, 99]);
    assert.throws(() => truncateIds(ids, 4, 'start', special, prompt), RangeError);
  });

  it('returns what fits as it is', () => {
    assert.equal(truncateIds(ids, 8, 'end', special), ids);
  });

  it('refuses a limit below the special tokens', () => {
    assert.throws(() => truncateIds(ids, 2, 'end', special), RangeError);
  });

  it('gives exactly the limit, ending in the last special token, for any length and side', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('end', 'start'),
        (length, limit, side) => {
          const sequence = Int32Array.from({ length }, (_, i) => i);
          const cut = truncateIds(sequence, limit, side, { before: 0, after: 1 });
          assert.equal(cut.length, Math.min(length, limit));
          assert.equal(cut.at(-1), length - 1);
        },
      ),
      { seed: 4 },
    );
  });
});
