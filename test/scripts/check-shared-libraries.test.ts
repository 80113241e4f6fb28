import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';

const script = path.join(packageRoot, 'scripts', 'check-shared-libraries.sh');

describe('check-shared-libraries.sh', { skip: process.platform !== 'linux' && 'ldd is on Linux' }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Runs it with an `ldd` that answers this. */
  function check(answer: string, exitCode = 0): { status: number | null; stderr: string } {
    writeFileSync(path.join(folder, 'ldd'), `#!/bin/sh\ncat <<'END'\n${answer}\nEND\nexit ${exitCode}\n`, {
      mode: 0o755,
    });
    return spawnSync('sh', [script, 'library.so'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    });
  }

  it('passes when all is found but the driver, which the host brings', () => {
    const { status } = check('libcudart.so.13 => /usr/lib/libcudart.so.13 (0x1)\nlibcuda.so.1 => not found');
    assert.equal(status, 0);
  });

  it('names a library that is missing', () => {
    const { status, stderr } = check('libcublas.so.13 => not found\nlibcuda.so.1 => not found');
    assert.equal(status, 1);
    assert.match(stderr, /library\.so needs what this image lacks:\nlibcublas\.so\.13 => not found\n$/);
  });

  it('fails on a C library that is too old, and on a file that is not a library', () => {
    assert.equal(check("library.so: version `GLIBC_2.38' not found").status, 1);
    assert.equal(check('not a dynamic executable', 1).status, 1);
  });

  it('passes Node itself, with the ldd of this machine', () => {
    assert.equal(spawnSync('sh', [script, process.execPath]).status, 0);
  });
});
