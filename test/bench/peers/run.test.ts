import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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

  it('leaves no process behind that computes the reference, when it is stopped', async () => {
    const own = path.join(folder, 'sentence-transformers');
    const python = path.join(own, 'environment', 'bin', 'python');
    mkdirSync(path.dirname(python), { recursive: true });
    const script = readFileSync(path.join(packageRoot, 'bench', 'peers', 'sentence-transformers.sh'));
    writeFileSync(path.join(own, 'installed'), createHash('sha256').update(script).digest('hex'));
    // It would end by itself only after a minute.
    writeFileSync(python, `#!/bin/sh\necho $$ > "${own}/started"\nexec sleep 60\n`, { mode: 0o755 });
    const model = path.join(packageRoot, 'models', 'starter');
    const program = path.join(packageRoot, 'dist', 'bench', 'peers', 'run.js');
    const child = spawn(process.execPath, [program, '--folder', folder, '--model', model], { stdio: 'ignore' });
    const started = () =>
      existsSync(path.join(own, 'started')) ? readFileSync(path.join(own, 'started'), 'utf8') : '';
    while (!started().endsWith('\n')) await sleep(20);
    child.kill('SIGTERM');
    await once(child, 'exit');
    const isAlive = () => {
      try {
        return process.kill(Number(started()), 0);
      } catch {
        return false;
      }
    };
    for (let tries = 0; isAlive() && tries < 250; tries++) await sleep(20);
    assert.ok(!isAlive());
  });

  it('explains itself when asked to', () => {
    const { status, stdout, stderr } = run('--help');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^npm run bench:peers -- --folder DIR/);
  });

  it('says what is wrong with its arguments, and how it is used', () => {
    const { status, stderr } = run('--folder', packageRoot, '--model', folder);
    assert.equal(status, 2);
    assert.match(stderr, /config\.json.*npm run bench:peers/s);
  });
});
