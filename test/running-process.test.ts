import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { describe, it } from 'node:test';
import { isRunning, startOf } from '../src/running-process.ts';
import { until } from './support/supervised-engine.ts';

describe('isRunning', () => {
  it('tells a process that runs from one that was ended', async () => {
    assert.equal(isRunning(process.pid), true);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const id = child.pid as number;
    assert.equal(isRunning(id), true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(isRunning(id), false);
  });

  it('tells one that has ended and that its parent never waits for', {
    skip: process.platform !== 'linux',
  }, async () => {
    // What replaces the shell does not know of its child.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const id = Number(line.toString());
      assert.notEqual(startOf(id), startOf(process.pid));
      await until(() => !isRunning(id));
      assert.doesNotThrow(() => process.kill(id, 0), 'its id is still taken');
    } finally {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    }
  });
});
