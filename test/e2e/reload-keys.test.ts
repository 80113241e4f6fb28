import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { apiKeys } from '../http/stub-service.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';

const lines = (keys: Record<string, string>) =>
  apiKeys(keys).map(({ name, sha256 }) => `${name}:${sha256.toString('hex')}\n`);

describe('SIGHUP', { skip: process.platform === 'win32' }, () => {
  const statusWith = async (url: unknown, key: string) =>
    (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
  const stop = async ({ child, exit }: SpawnedCli) => {
    child.kill('SIGTERM');
    assert.equal(await exit, 0);
  };

  it('reloads the key file, keeps the previous keys when it is invalid, and interrupts nothing; also while loading', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-keys-'));
    const file = path.join(folder, 'keys');
    writeFileSync(file, lines({ search: 'never-seen' }).join(''));
    const cli = spawnCli(['serve', '--port', '0'], { API_KEYS_FILE: file });
    await cli.line('starting hotvec');
    writeFileSync(file, lines({ search: 'first' }).join(''));
    cli.child.kill('SIGHUP');
    await cli.line('API keys reloaded');
    const { url } = await cli.line('ready');
    assert.deepEqual([await statusWith(url, 'never-seen'), await statusWith(url, 'first')], [401, 200]);

    writeFileSync(file, 'search:second\n');
    cli.child.kill('SIGHUP');
    const { level, reason } = await cli.line('API keys not reloaded: the previous ones stay valid');
    assert.equal(level, 'error');
    assert.match(reason as string, /^API_KEYS_FILE, line 1: expected name:sha256/);
    assert.deepEqual([await statusWith(url, 'first'), await statusWith(url, 'second')], [200, 401]);
    await stop(cli);
    assert.doesNotMatch(cli.output(), /never-seen|first|search:second/);
    rmSync(folder, { recursive: true });
  });

  it('without a key file is logged and ignored', async () => {
    const cli = spawnCli(['serve', '--port', '0']);
    const { url } = await cli.line('ready');
    // As a terminal that is closed does it: to every process of the group.
    process.kill((await cli.line('engine ready')).processId as number, 'SIGHUP');
    cli.child.kill('SIGHUP');
    const { level } = await cli.line('SIGHUP ignored: it reloads API keys, but API_KEYS_FILE is not set');
    assert.equal(level, 'warn');
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    await stop(cli);
    assert.doesNotMatch(cli.output(), /engine lost/);
  });
});
