import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { assertOneLine, noHome, shell } from '../support/poor-machine.ts';
import { spawnCli } from '../support/spawned-cli.ts';

// Every command and every shortage: poor-machine.long.test.ts.
describe('A machine that a start cannot go on with', { skip: process.platform === 'win32' && 'a POSIX shell' }, () => {
  it('tells a user without a home in a line to set HF_HOME', async () => {
    const failed = spawnCli(['serve', '--model', 'owner/name', '--offline', '1'], noHome);
    assert.equal(await failed.exit, 1);
    assertOneLine(failed.output(), /HOME is not set, and this user has no home directory\. Set HF_HOME to a folder/);
  });

  it('is told in a line, exit code 1: 64 open files', async () => {
    const { code, output } = await shell('ulimit -n 64; exec "$0" "$1" serve --port 0');
    assert.equal(code, 1);
    assertOneLine(output, /The limit on open files is too low\. Raise it/);
  });

  it('is told in a line, exit code 1: a working directory that is gone', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const { code, output } = await shell(`cd ${folder}; rmdir ${folder}; exec "$0" "$1" serve --port 0`);
    assert.equal(code, 1);
    assertOneLine(output, /The working directory no longer exists\. Change to one that does/);
  });
});
