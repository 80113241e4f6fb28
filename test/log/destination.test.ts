import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { LogDestination } from '../../src/log/destination.ts';
import { packageRoot } from '../../src/package-info.ts';
import { freePort } from '../support/free-port.ts';
import { readMetrics } from '../support/read-metrics.ts';

const isLinux = process.platform === 'linux';

describe('LogDestination', () => {
  it('writes lines in order', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const file = path.join(folder, 'log');
    const descriptor = openSync(file, 'w');
    const destination = new LogDestination(descriptor);
    for (let i = 0; i < 100; i++) destination.write(`line ${i}\n`);
    closeSync(descriptor);
    assert.equal(readFileSync(file, 'utf8'), Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join(''));
    assert.equal(destination.dropped, 0);
    rmSync(folder, { recursive: true });
  });

  it('drops and counts what a full disk does not take', { skip: !isLinux && 'needs /dev/full' }, () => {
    const descriptor = openSync('/dev/full', 'w');
    const destination = new LogDestination(descriptor);
    destination.write('a\n');
    destination.write('b\n');
    assert.equal(destination.dropped, 2);
    closeSync(descriptor);
  });

  it('writes no line into the rest of another: what was torn by a full disk is completed first', () => {
    let disk = '';
    let room = 0;
    const destination = new LogDestination(1, (_, bytes) => {
      if (room === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      const written = Math.min(room, bytes.length);
      disk += bytes.toString('latin1', 0, written);
      room -= written;
      return written;
    });
    room = 8;
    destination.write('line 1\n');
    destination.write('line 2\n');
    assert.deepEqual([disk, destination.dropped], ['line 1\nl', 0]);
    destination.write('line 3\n');
    assert.deepEqual([disk, destination.dropped], ['line 1\nl', 1], 'still full');
    room = 3;
    destination.write('line 4\n');
    assert.deepEqual([disk, destination.dropped], ['line 1\nline', 2], 'room for a part of the rest');
    room = 100;
    destination.write('line 5\n');
    assert.deepEqual([disk, destination.dropped], ['line 1\nline 2\nline 5\n', 2]);
    room = 0;
    destination.write('line 6\n');
    room = 100;
    destination.write('line 7\n');
    assert.deepEqual([disk, destination.dropped], ['line 1\nline 2\nline 5\nline 7\n', 3], 'dropped whole');
  });

  it('lets the server run and stop with a full disk under its log', {
    skip: !isLinux && 'needs /dev/full',
  }, async () => {
    // The server cannot say which port it chose: its log goes nowhere.
    const port = await freePort();
    const full = openSync('/dev/full', 'w');
    const child = spawn(
      process.execPath,
      [path.join(packageRoot, 'dist', 'src', 'cli.js'), 'serve', '--port', String(port)],
      {
        stdio: ['ignore', full, 'ignore'],
      },
    );
    const exited = new Promise((resolve) => child.once('exit', resolve));
    for (let isReady = false; !isReady; ) {
      isReady = await fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      );
    }
    const dropped = (await readMetrics(`http://127.0.0.1:${port}`)).get('hotvec_log_lines_dropped_total');
    assert.ok(Number(dropped) >= 3, `${dropped}`);
    child.kill('SIGTERM');
    assert.equal(await exited, 0);
    closeSync(full);
  });
});
