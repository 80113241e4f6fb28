import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { packageRoot } from '../../../src/package-info.ts';

describe('npm run bench:peers', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-peers-'));
  after(() => rmSync(folder, { recursive: true }));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [path.join(packageRoot, 'dist', 'bench', 'peers', 'run.js'), ...args], {
      encoding: 'utf8',
    });

  it('installs nothing that it was not asked to, and ends where there is nothing to judge vectors by', () => {
    const { status, stderr, stdout } = run('--folder', folder, '--model', path.join(packageRoot, 'models', 'starter'));
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /sentence-transformers is not installed: --install does that\.\n$/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('says what is wrong with its arguments, and how it is used', () => {
    const { status, stderr } = run('--folder', packageRoot, '--model', folder);
    assert.equal(status, 2);
    assert.match(stderr, /config\.json.*npm run bench:peers/s);
  });
});
