import assert from 'node:assert/strict';
import { closeSync, cpSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { startService } from '../support/running-service.ts';
import { spawnCli } from '../support/spawned-cli.ts';

describe('An engine lost after its files were touched', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(packageRoot, 'models', 'starter'), path.join(folder, 'model'), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const cases: [string, () => string, 'fp32' | 'int8'][] = [
    ['model.safetensors', () => path.join(folder, 'model', 'model.safetensors'), 'fp32'],
    [
      'the int8 weights',
      () => {
        const cache = path.join(folder, 'model', '.hotvec');
        return path.join(cache, readdirSync(cache).find((name) => name.endsWith('.safetensors')) as string);
      },
      'int8',
    ],
  ];
  for (const [what, fileOf, dtype] of cases) {
    it(`is not replaced, so no client gets vectors of other weights: ${what}`, async () => {
      const service = await startService({ model: path.join(folder, 'model'), dtype, device: 'cpu', hfHome: folder });
      try {
        const file = fileOf();
        overwriteLastBytes(file);
        process.kill(service.engineProcessId() as number, 'SIGKILL');
        assert.equal(await service.failed, 'every engine process was given up');
        assert.match(service.log(), new RegExp(`${path.basename(file)} is no longer the file that was verified`));
        assert.match(service.log(), /engine given up: model files changed/);
        assert.equal((await fetch(`${service.url}/readyz`)).status, 503);
      } finally {
        await service.close();
      }
    });
  }

  it('ends the process, with exit code 70', async () => {
    const cli = spawnCli(['serve', '--port', '0', '--model', path.join(folder, 'model')]);
    await cli.line('ready');
    overwriteLastBytes(path.join(folder, 'model', 'model.safetensors'));
    process.kill((await cli.line('engine ready')).processId as number, 'SIGKILL');
    assert.equal(await cli.exit, 70);
    assert.match(cli.output(), /"reason":"engine_failed"/);
  });
});

/** In place: as a disk or another program would. */
function overwriteLastBytes(file: string): void {
  const { size } = statSync(file);
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(64, 7), 0, 64, size - 64);
  closeSync(handle);
}
