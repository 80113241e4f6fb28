import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sha256File } from '../../src/model-files/file-hashes.ts';

/** More than is hashed in the thread that asks. */
const LARGE = (1 << 26) + 12_345;

describe('sha256File()', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [what, size] of [
    ['an empty file', 0],
    ['a file of one read', 1 << 20],
    ['a file of several reads', 3_000_001],
    ['a large file, in another thread', LARGE],
  ] as const) {
    it(`hashes ${what}`, async () => {
      const file = path.join(folder, String(size));
      writeFileSync(
        file,
        Uint8Array.from({ length: Math.min(size, 2_500_000) }, (_, i) => i % 251),
      );
      truncateSync(file, size);
      assert.equal(await sha256File(file), createHash('sha256').update(readFileSync(file)).digest('hex'));
    });
  }

  it('tells what is wrong with a file, as the file system says it', async () => {
    await assert.rejects(sha256File(path.join(folder, 'absent')), { code: 'ENOENT' });
    await assert.rejects(sha256File(folder), { code: 'EISDIR' });
  });
});
