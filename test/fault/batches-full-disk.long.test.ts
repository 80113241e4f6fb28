import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { BatchClient, batchFolder, requestLine } from '../support/batches.ts';

const hasLimits = spawnSync('prlimit', ['--version']).status === 0;

describe('A disk that takes no more', { skip: !hasLimits && 'needs prlimit' }, () => {
  it('makes a batch wait, and costs nobody else anything; with room the batch goes on', async () => {
    const place = batchFolder();
    const cli = path.join(packageRoot, 'dist', 'src', 'cli.js');
    const args = ['serve', '--port', '0', '--device', 'cpu', '--threads', '1', '--batch-dir', place.folder];
    // No file may be longer than 1 MiB: to whoever writes one, the disk is full there.
    const child = spawn('sh', ['-c', 'ulimit -S -f 2048; exec "$0" "$@"', process.execPath, cli, ...args], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let log = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      child.emit('output');
    });
    const line = async (message: string) => {
      for (;;) {
        const found = log.split('\n').find((one) => one.includes(`"msg":"${message}"`));
        if (found !== undefined) return JSON.parse(found) as Record<string, unknown>;
        await once(child, 'output');
      }
    };
    try {
      const { url } = await line('ready');
      const client = new BatchClient(String(url));
      const lines = Array.from({ length: 2_000 }, (_, i) =>
        requestLine(`c${i}`, { input: `text ${i}`, encoding_format: 'base64' }),
      );
      const { id } = await client.begin(lines);
      const paused = await line('batch paused: its answers cannot be stored');
      assert.deepEqual([paused.batch, paused.reason], [id, 'EFBIG']);
      const { status, request_counts: counts } = await client.retrieve(id);
      assert.equal(status, 'in_progress');
      assert.ok(counts.completed > 0 && counts.completed < 2_000, `${counts.completed}`);
      assert.equal((await client.ask('POST', '/v1/embeddings', { input: 'a query' })).status, 200);
      const refused = await client.post('x'.repeat(2 ** 21));
      assert.equal(refused.status, 507, await refused.text());
      assert.equal((await client.ask('GET', '/readyz')).status, 200);
      const metrics = await (await client.ask('GET', '/metrics')).text();
      assert.match(metrics, /^hotvec_batch_api_paused 1$/m);

      assert.equal(spawnSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited']).status, 0);
      await line('batch continues: its answers can be stored again');
      const batch = await client.until(id);
      const ids = (await client.output(batch)).map(({ custom_id: one }) => one);
      assert.deepEqual(
        ids,
        lines.map((_, i) => `c${i}`),
      );
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
      place.remove();
    }
  });
});
