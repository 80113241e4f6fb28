import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FileHashes, sha256File } from '../../src/model-files/file-hashes.ts';

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

describe('FileHashes', () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    file = path.join(folder, 'weights');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const changed = { name: 'StartError', message: /weights was changed while the model was being loaded/ };

  it('gives no hash of bytes that came after the file was first seen', async () => {
    writeFileSync(file, 'first');
    const files = new FileHashes();
    files.watch([file]);
    writeFileSync(file, 'second one');
    await assert.rejects(files.of(file), changed);
  });

  it('tells of a file that has other bytes than were hashed, or is gone, and not of one that has the same', async () => {
    writeFileSync(file, 'first');
    const files = new FileHashes();
    assert.equal(await files.of(file), sha256('first'));
    rmSync(file);
    await assert.rejects(files.checkUnchanged([file]), changed);
    writeFileSync(file, 'first');
    await files.checkUnchanged([file]);
    writeFileSync(file, 'other');
    await assert.rejects(files.checkUnchanged([file]), changed);
  });

  it('sees through a link that was pointed elsewhere', async () => {
    const [link, other] = [path.join(folder, 'link'), path.join(folder, 'other')];
    writeFileSync(file, 'first');
    writeFileSync(other, 'other');
    symlinkSync(file, link);
    const files = new FileHashes(new Map([[file, sha256('first')]]));
    assert.equal(await files.of(link), sha256('first'));
    rmSync(link);
    symlinkSync(other, link);
    await assert.rejects(files.checkUnchanged([link]), { name: 'StartError', message: /link was changed/ });
  });
});
