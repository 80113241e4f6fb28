import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { describe, it } from 'node:test';
import { familyMemory } from '../../bench/process-memory.ts';

const LINUX = process.platform === 'linux';

describe('familyMemory', { skip: LINUX ? false : 'there is no /proc' }, () => {
  it('counts what a process started, and what that started', async () => {
    const grandchild =
      'globalThis.filled = Buffer.alloc(2 ** 28, 1); console.log("filled"); setInterval(() => {}, 1000)';
    const child = spawn('sh', ['-c', '"$0" -e "$1"; :', process.execPath, grandchild], { detached: true });
    try {
      await once(child.stdout, 'data');
      const all = familyMemory(child.pid as number) as number;
      assert.ok(all > 2 ** 28 && all < 2 ** 29, String(all));
      assert.ok((familyMemory(process.pid) as number) > all);
    } finally {
      process.kill(-(child.pid as number), 'SIGKILL');
    }
    await once(child, 'exit');
    assert.equal(familyMemory(child.pid as number), null);
  });
});
