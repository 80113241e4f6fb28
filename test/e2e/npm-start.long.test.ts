import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';

describe('npm start, asked to stop', () => {
  it('answers what is inside when the whole group is asked to stop, as systemd does: npm and its shell end first', {
    skip: process.platform === 'win32' && 'signals',
  }, async () => {
    const npm = spawn('npm', ['start', '--', '--port', '0'], {
      cwd: packageRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, DRAIN_DELAY_MS: '2000' },
      detached: true,
    });
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    while (!output.includes('"msg":"ready"')) await once(npm.stdout, 'data');
    process.kill(-(npm.pid as number), 'SIGTERM');
    await once(npm.stdout, 'end');
    assert.match(output, /"msg":"stopped"/);
  });
});
