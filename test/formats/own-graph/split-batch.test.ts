import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toBatch } from '../../../src/engine/protocol.ts';
import { joinRows, splitBatch } from '../../../src/formats/own-graph/split-batch.ts';

describe('splitBatch()', () => {
  /** Sequences of at most `longest` tokens together, and each longer one alone. */
  const upTo = (longest: number) => (length: number, i: number) => (length <= longest ? 'together' : i);
  const sequences = [[1, 2, 3], [4], [5, 6, 7, 8], [9, 10]];

  it('leaves a batch whole where no sequence is too long, and a sequence that has no neighbor', () => {
    const short = toBatch(sequences);
    assert.deepEqual(splitBatch(short, upTo(4)), [{ batch: short, sequences: [0, 1, 2, 3] }]);
    const alone = toBatch([[1, 2, 3]]);
    assert.deepEqual(splitBatch(alone, upTo(2)), [{ batch: alone, sequences: [0] }]);
  });

  it('keeps short sequences together, and makes a batch of each longer one', () => {
    const parts = splitBatch(toBatch(sequences), upTo(2));
    assert.deepEqual(
      parts.map((part) => [part.sequences, Array.from(part.batch.tokenIds), Array.from(part.batch.offsets)]),
      [
        [[0], [1, 2, 3], [0, 3]],
        [
          [1, 3],
          [4, 9, 10],
          [0, 1, 3],
        ],
        [[2], [5, 6, 7, 8], [0, 4]],
      ],
    );
    assert.deepEqual(
      splitBatch(
        toBatch([
          [1, 2],
          [3, 4],
        ]),
        upTo(1),
      ).map((part) => part.sequences),
      [[0], [1]],
    );
  });

  it('has the rows put back in the order of the batch, those of single tokens, too', () => {
    const batch = toBatch(sequences, [true, false, false, true]);
    const parts = splitBatch(batch, upTo(2));
    assert.deepEqual(
      parts.map((part) => part.batch.perToken && Array.from(part.batch.perToken)),
      [[1], [0, 1], undefined],
    );
    // Rows of two numbers: of the one pooled, of both tokens; of all three; pooled.
    const rows = [
      [10, 11, 20, 21, 30, 31],
      [40, 41, 90, 91, 100, 101],
      [50, 51],
    ].map((numbers) => Float32Array.from(numbers));
    assert.deepEqual(
      Array.from(joinRows(batch, parts, rows)),
      [10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 90, 91, 100, 101],
    );
  });
});
