import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { lockFolder } from '../../src/bulk/output-lock.ts';
import { assertNames } from '../support/assert-names.ts';

/** Above every possible process id of Linux. */
const DEAD = 2 ** 22 + 1;

describe('lockFolder()', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const leave = (owner: string) => writeFileSync(path.join(folder, `running.${owner}`), '');
  const startOf = (pid: number | undefined) =>
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];

  it('takes the place of processes that are dead, of an earlier one with an id of today, and of its own id', async () => {
    const child = spawn('sleep', ['60']);
    leave(`${os.hostname()}.${DEAD}.17`);
    leave(`${os.hostname()}.${process.pid}.17`);
    if (process.platform === 'linux') leave(`${os.hostname()}.${child.pid}.17`);
    const unlock = await lockFolder(folder);
    assert.equal(readdirSync(folder).length, 1);
    await unlock();
    assert.deepEqual(readdirSync(folder), []);
    child.kill();
    await once(child, 'exit');
  });

  it('refuses while another process runs, and when one may run on another machine', async () => {
    const child = spawn('sleep', ['60']);
    const start = process.platform === 'linux' ? startOf(child.pid) : '0';
    leave(`${os.hostname()}.${child.pid}.${start}`);
    await assert.rejects(lockFolder(folder), (error: Error) => {
      assertNames(error.message, String(child.pid));
      return error.name === 'StartError';
    });
    assert.equal(readdirSync(folder).length, 1, 'what is refused leaves nothing');
    child.kill();
    await once(child, 'exit');
    await (await lockFolder(folder))();

    leave('elsewhere.example.com.7.17');
    await assert.rejects(lockFolder(folder), (error: Error) => {
      assertNames(error.message, 'elsewhere.example.com', 'running.elsewhere.example.com.7.17');
      return true;
    });
  });
});
