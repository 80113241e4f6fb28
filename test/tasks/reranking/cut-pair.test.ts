import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { joinIds, keepTokens, longestFirst } from '../../../src/tasks/reranking/cut-pair.ts';
import { rerankerFolders } from '../../support/reranker-references.ts';

describe('longestFirst()', () => {
  it('leaves of two texts what the tokenizers library leaves, whatever their lengths and the room', () => {
    const { rooms } = JSON.parse(readFileSync(path.join(rerankerFolders, 'longest-first.json'), 'utf8')) as {
      rooms: Record<string, number[][]>;
    };
    let cut = 0;
    for (const [of, left] of Object.entries(rooms)) {
      const room = Number(of);
      for (const [i, row] of left.entries()) {
        for (const [j, ofFirst] of row.entries()) {
          const [first, second] = [i + 1, j + 1];
          const expected = [ofFirst, Math.min(room, first + second) - ofFirst];
          assert.deepEqual(longestFirst(first, second, room), expected, `${first} and ${second} in ${room}`);
          if (first + second > room) cut++;
        }
      }
    }
    assert.ok(cut > 900, `${cut}`);
  });
});

describe('keepTokens() and joinIds()', () => {
  it('keep an end of the ids, or all that there are, and lay them end to end', () => {
    const ids = Int32Array.of(1, 2, 3);
    assert.deepEqual(keepTokens(ids, 2, 'end'), Int32Array.of(1, 2));
    assert.deepEqual(keepTokens(ids, 2, 'start'), Int32Array.of(2, 3));
    assert.deepEqual(keepTokens(ids, 0, 'start'), new Int32Array());
    assert.equal(keepTokens(ids, 3, 'start'), ids);
    assert.deepEqual(joinIds([ids, new Int32Array(), Int32Array.of(4)]), Int32Array.of(1, 2, 3, 4));
  });
});
