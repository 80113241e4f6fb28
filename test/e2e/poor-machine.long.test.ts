import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { assertOneLine, noHome, shell } from '../support/poor-machine.ts';
import { spawnCli } from '../support/spawned-cli.ts';

const skip = process.platform === 'win32' && 'a POSIX shell';

describe('A user without a home', () => {
  it('serves the starter, which needs no folder for models', async () => {
    const serving = spawnCli(['serve', '--port', '0', '--threads', '1'], noHome);
    try {
      const { url } = await serving.line('ready');
      assert.equal((await fetch(`${url}/readyz`)).status, 200);
      serving.child.kill('SIGTERM');
      assert.equal(await serving.exit, 0);
    } finally {
      serving.child.kill('SIGKILL');
    }
  });

  for (const [what, args] of [
    ['a model of a hub', ['serve', '--model', 'owner/name', '--offline', '1']],
    ['a model of ModelScope', ['serve', '--model', 'owner/name', '--model-source', 'modelscope']],
    ['int8 of the starter', ['serve', '--dtype', 'int8', '--port', '0']],
    ['a download', ['pull', 'owner/name']],
  ] as const) {
    it(`is told in a line to set HF_HOME for ${what}`, async () => {
      const failed = spawnCli(args, noHome);
      assert.equal(await failed.exit, 1);
      assertOneLine(failed.output(), /HOME is not set, and this user has no home directory\. Set HF_HOME to a folder/);
    });
  }

  it('may say where the models are instead', async () => {
    const failed = spawnCli(['serve', '--model', 'owner/name', '--offline', '1'], {
      ...noHome,
      HF_HUB_CACHE: tmpdir(),
    });
    assert.equal(await failed.exit, 1);
    assertOneLine(failed.output(), /does not have all files of owner\/name/);
  });
});

describe('A machine that a start cannot go on with', { skip }, () => {
  for (const command of ['serve --port 0', 'pull ./x', 'verify starter']) {
    it(`is told in a line, exit code 1: 64 open files, ${command}`, async () => {
      const { code, output } = await shell(`ulimit -n 64; exec "$0" "$1" ${command}`);
      assert.equal(code, 1);
      assertOneLine(output, /The limit on open files is too low\. Raise it/);
    });

    it(`is told in a line, exit code 1: a working folder that is gone, ${command}`, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
      const { code, output } = await shell(`cd ${folder}; rmdir ${folder}; exec "$0" "$1" ${command}`);
      assert.equal(code, 1);
      assertOneLine(output, /The working directory no longer exists\. Change to one that does/);
    });
  }

  it('says as little where what was asked for cannot be written', { skip: process.platform !== 'linux' }, async () => {
    for (const command of ['--help', 'serve --help', 'verify starter']) {
      const { code, output } = await shell(`exec "$0" "$1" ${command} >/dev/full`);
      assert.equal(code, 1);
      assertOneLine(output, /cannot write the output \(ENOSPC\)/);
    }
  });

  it('prints help and version from anywhere', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const { code, output } = await shell(`cd ${folder}; rmdir ${folder}; "$0" "$1" --version && exec "$0" "$1" --help`);
    assert.equal(code, 0);
    assert.match(output, /^\d+\.\d+\.\d+$/m);
  });
});
