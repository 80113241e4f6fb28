import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { filesOf, LocalHub } from '../support/local-hub.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';

const starter = path.join(packageRoot, 'models', 'starter');

describe('int8 weights', () => {
  let home: string;
  const started: SpawnedCli[] = [];
  const cli = (command: string, environment: Record<string, string> = {}) => {
    const child = spawnCli([command], { HF_HOME: home, PORT: '0', DTYPE: 'int8', ...environment });
    started.push(child);
    return child;
  };
  const stop = async ({ child, exit }: SpawnedCli) => {
    child.kill('SIGTERM');
    return exit;
  };
  const filesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  });
  afterEach(() => {
    for (const { child } of started.splice(0)) child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });

  it('quantizes once, beside the model, and makes a damaged file again', async () => {
    const model = path.join(home, 'model');
    cpSync(starter, model, { recursive: true });
    const first = cli('serve', { MODEL: model });
    const { file, matrices, keptInFp32 } = await first.line('model quantized to int8');
    // How many would lose too much depends on the bits that the processor multiplies.
    assert.equal((matrices as number) + (keptInFp32 as number), 14);
    assert.ok((matrices as number) >= 8);
    assert.equal(path.dirname(file as string), path.join(model, '.hotvec'));
    const { fingerprint } = await first.line('ready');
    await stop(first);

    const second = cli('serve', { MODEL: model });
    assert.equal((await second.line('using the existing int8 weights')).file, file);
    assert.equal((await second.line('ready')).fingerprint, fingerprint);
    await stop(second);

    const bytes = readFileSync(file as string);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(file as string, bytes);
    const third = cli('serve', { MODEL: model });
    assert.equal((await third.line('int8 weights are damaged, creating them again')).file, file);
    assert.equal((await third.line('model quantized to int8')).file, file);
    assert.equal((await third.line('ready')).fingerprint, fingerprint);
  });

  it('is safe to start twice at once', async () => {
    const both = [cli('serve'), cli('serve')];
    const ready = await Promise.all(both.map((server) => server.line('ready')));
    assert.equal(ready[0]?.fingerprint, ready[1]?.fingerprint);
    assert.equal(filesIn(path.join(home, 'hotvec')).length, 1);
  });

  it('is prepared by pull, in the cache of the hub, for a server without a network', async () => {
    const hub = await LocalHub.start();
    try {
      hub.publish('hotvec-test/starter', filesOf(starter));
      const environment = { HF_ENDPOINT: hub.url, MODEL: 'hotvec-test/starter' };
      const pull = cli('pull', environment);
      assert.equal(await pull.exit, 0, pull.output());
      assert.match(pull.output(), /model quantized to int8/);
      const own = path.join(home, 'hub', 'models--hotvec-test--starter', '.hotvec');
      assert.equal(filesIn(own).filter((name) => /^int8-.*\.safetensors$/.test(name)).length, 1);
      const server = cli('serve', { ...environment, OFFLINE: '1' });
      assert.equal(path.dirname((await server.line('using the existing int8 weights')).file as string), own);
      await server.line('ready');
    } finally {
      await hub.close();
    }
  });
});
