import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LockFile } from '../../src/batch-jobs/lock-file.ts';

/** A holder that cannot be seen from here: in another container, say, where it is process 1. */
const elsewhere = JSON.stringify({ token: 'theirs', processId: 1, place: 'another container' });

describe('A lock whose holder cannot be seen', { concurrency: false }, () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-lock-'));
    file = path.join(folder, 'lock');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const take = () => LockFile.take(file, { inUse: (processId) => `process ${processId} has it`, onLost: () => {} });

  it('is respected while the holder touches it', async () => {
    writeFileSync(file, elsewhere);
    let beats = 0;
    const beat = setInterval(() => {
      beats += 1;
      utimesSync(file, beats, beats);
    }, 500);
    try {
      await assert.rejects(take(), { name: 'StartError', message: 'process 1 has it' });
    } finally {
      clearInterval(beat);
    }
    assert.deepEqual(readdirSync(folder), ['lock']);
  });

  for (const [what, content] of [
    ['that nobody touches', elsewhere],
    ['that is empty, as after a power loss', ''],
  ] as const) {
    it(`is taken over where it is one ${what}, by one of two that try`, async () => {
      writeFileSync(file, content);
      const ends = await Promise.allSettled([take(), take()]);
      const locks = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
      assert.equal(locks.length, 1);
      locks[0]?.release();
      assert.deepEqual(readdirSync(folder), []);
    });
  }
});
