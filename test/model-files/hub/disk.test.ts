import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { downloadFile } from '../../../src/model-files/hub/download-file.ts';
import { explainDiskError } from '../../../src/model-files/hub/explain-disk-error.ts';
import { checkFreeSpace } from '../../../src/model-files/hub/free-space.ts';
import { PullingFixture, tinyModel } from '../../support/pulled-model.ts';

describe('checkFreeSpace()', () => {
  it('refuses a download that does not fit on the disk, with both sizes', async () => {
    const statfs = async () => ({ bavail: 250_000, bsize: 4096 });
    await checkFreeSpace('/models', 900_000_000, statfs);
    await checkFreeSpace('/models', 0, async () => ({ bavail: 0, bsize: 4096 }));
    await assert.rejects(checkFreeSpace('/models', 1_191_586_416, statfs), {
      name: 'StartError',
      message:
        /^The model needs 1\.2 GB more disk space and a margin of 67\.1 MB, but \/models has only 1\.0 GB free\. Free some space, or set HF_HOME/,
    });
  });
});

describe('a disk that is full', () => {
  let folder: string;
  let isMounted = false;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  });
  after(() => {
    if (isMounted) spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('ends a download in one line, and leaves no file under its final name', async (context) => {
    if (!isMounted) return context.skip('mounting a small disk needs root');
    const bytes = Buffer.alloc(4 << 20, 'x');
    const digest = createHash('sha256').update(bytes).digest('hex');
    const file = { path: 'model.safetensors', size: bytes.length, algorithm: 'sha256', digest } as const;
    async function* body() {
      for (let at = 0; at < bytes.length; at += 65536) yield bytes.subarray(at, at + 65536);
    }
    const download = downloadFile({
      file,
      blob: path.join(folder, 'blobs', digest),
      open: async () => ({ status: 200, headers: new Headers(), body: body() }),
      wait: async () => {},
      onBytes: () => {},
      onRetry: () => {},
    }).catch((error) => {
      throw explainDiskError(error, folder);
    });
    await assert.rejects(download, {
      name: 'StartError',
      message: /^The disk of .* is full\. Free some space.*downloaded data is kept/,
    });
    assert.deepEqual(
      readdirSync(path.join(folder, 'blobs')).filter((name) => !name.endsWith('.incomplete')),
      [],
    );
  });

  it('is noticed before anything is downloaded, where the size is known', async (context) => {
    if (!isMounted) return context.skip('mounting a small disk needs root');
    const fixture = await PullingFixture.start();
    fixture.hub.publish('someone/tiny', tinyModel);
    await assert.rejects(fixture.locate('someone/tiny', { hfHome: folder }), {
      message: /^The model needs .* more disk space and a margin of 67\.1 MB, but/,
    });
    assert.deepEqual(fixture.fetched(), []);
    await fixture.close();
  });

  it('does not keep a pull of what is cached from succeeding where nothing can be written', async (context) => {
    const fixture = await PullingFixture.start();
    const commit = fixture.hub.publish('someone/tiny', tinyModel);
    await fixture.locate('someone/tiny');
    if (spawnSync('mount', ['--bind', fixture.home, fixture.home]).status !== 0) {
      await fixture.close();
      return context.skip('mounting needs root');
    }
    try {
      if (spawnSync('mount', ['-o', 'remount,ro,bind', fixture.home]).status !== 0) {
        return context.skip('a bind mount cannot be made read-only here');
      }
      assert.equal((await fixture.pull('someone/tiny')).revision, commit);
      fixture.hub.publish('someone/new', tinyModel);
      await assert.rejects(fixture.pull('someone/new'), { name: 'StartError', message: /is not writable \(EROFS/ });
    } finally {
      spawnSync('umount', [fixture.home]);
      await fixture.close();
    }
  });

  it('is told from a place where no folder can be made, without trying for ever', async (context) => {
    if (process.platform !== 'linux') return context.skip('/proc is of Linux');
    const fixture = await PullingFixture.start();
    fixture.hub.publish('someone/tiny', tinyModel);
    await assert.rejects(fixture.locate('someone/tiny', { hfHome: '/proc/x' }), {
      name: 'StartError',
      message: /cannot be used \(ENOENT.*Set HF_HOME to another folder/,
    });
    await fixture.close();
  });

  it('is told from a place that is no folder', async () => {
    const fixture = await PullingFixture.start();
    fixture.hub.publish('someone/tiny', tinyModel);
    const hfHome = path.join(fixture.home, 'a-file');
    writeFileSync(hfHome, '');
    await assert.rejects(fixture.locate('someone/tiny', { hfHome }), {
      name: 'StartError',
      message: /cannot be used \(ENOTDIR.*Set HF_HOME to another folder/,
    });
    await fixture.close();
  });

  for (const [code, message] of [
    ['EROFS', /is not writable .*Set HF_HOME to a folder that this user can write to/],
    ['EACCES', /is not writable/],
    ['ENOTDIR', /cannot be used/],
    ['ENOENT', /cannot be used/],
    ['EMFILE', /cannot be used/],
    ['ENAMETOOLONG', /too long for the disk/],
  ] as const) {
    it(`is told from ${code}`, () => {
      const error = Object.assign(new Error(code), { code, syscall: 'mkdir' });
      assert.match((explainDiskError(error, '/models') as Error).message, message);
      assert.equal(explainDiskError(new TypeError('a bug'), '/models') instanceof TypeError, true);
    });
  }
});
