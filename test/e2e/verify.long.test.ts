import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { spawnCli } from '../support/spawned-cli.ts';

describe('hotvec verify of a changed folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(packageRoot, 'models', 'starter'), folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const verify = async (...args: string[]) => {
    const cli = spawnCli(['verify', ...args], { LOG_LEVEL: 'warn' });
    return { code: await cli.exit, output: cli.output() };
  };

  it('says where nothing is known', async () => {
    rmSync(path.join(folder, 'hotvec-canary.json'));
    const { code, output } = await verify(folder);
    assert.equal(code, 0, output);
    assert.match(output, /No reference vectors or scores of this model are known/);
    assert.match(output, /ok +canary at start +passed +cosine 1\.0000000/);
  });

  it('fails with one line where the engine itself finds the weights wrong', async () => {
    const file = path.join(folder, 'hotvec-canary.json');
    const canary = JSON.parse(readFileSync(file, 'utf8'));
    canary.scores.cosines[1][1] += 0.01;
    writeFileSync(file, JSON.stringify(canary));
    const { code, output } = await verify(folder);
    assert.equal(code, 1);
    assert.match(output, /^The engine did not start\. The canary failed .*query 2 and document 2 score 0\.3073.*\n$/);
  });
});
