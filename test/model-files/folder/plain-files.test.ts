import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { StartError } from '../../../src/errors.ts';
import { locateModel } from '../../../src/model-files/locate-model.ts';
import { readConfig } from '../../../src/settings/config.ts';

describe('A model folder with something else than plain files', { skip: process.platform === 'win32' }, () => {
  let folder: string;
  const locate = () => locateModel({ settings: { ...readConfig({}), model: folder }, onEvent: () => {} });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    writeFileSync(path.join(folder, 'config.json'), '{}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const file of [
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'onnx/model.onnx',
    '1_Pooling/config.json',
  ]) {
    it(`is refused when ${file} is a FIFO (the start hung)`, async () => {
      const full = path.join(folder, file);
      rmSync(full, { force: true });
      mkdirSync(path.dirname(full), { recursive: true });
      execFileSync('mkfifo', [full]);
      await assert.rejects(locate(), (error: Error) => {
        assert.ok(error instanceof StartError);
        assert.match(error.message, new RegExp(`${file} is a FIFO; a model folder may hold only regular files\\.`));
        return true;
      });
    });
  }

  it('is refused when a link leads to a device', async () => {
    symlinkSync('/dev/zero', path.join(folder, 'model.safetensors'));
    await assert.rejects(locate(), /model\.safetensors is a device/);
  });

  it('is found when links lead to plain files, and whatever broken links there are', async () => {
    symlinkSync(path.join(folder, 'config.json'), path.join(folder, 'model.safetensors'));
    symlinkSync('circle', path.join(folder, 'circle'));
    symlinkSync('nothing', path.join(folder, 'broken'));
    assert.equal((await locate()).folder, folder);
  });
});
