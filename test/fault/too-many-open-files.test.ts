import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { describe, it } from 'node:test';
import { largestDifference } from '../support/difference.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { golden } from '../support/starter.ts';
import { until } from '../support/supervised-engine.ts';

const OPEN_FILES = 400;

describe('A main process that has no file descriptor left', () => {
  it('outlives the loss of its engine, and has another when there are some', {
    skip: process.platform === 'win32' && 'ulimit',
  }, async () => {
    const cli = spawnCli(['serve', '--port', '0', '--threads', '1'], {}, OPEN_FILES);
    const sockets: Socket[] = [];
    try {
      const url = new URL((await cli.line('ready')).url as string);
      for (let i = 0; i < OPEN_FILES + 100; i++) {
        const socket = connect(Number(url.port), url.hostname).on('error', () => {});
        sockets.push(socket);
        // Nothing else tells which of them were accepted and closed at once.
        await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
      }
      // A connection is made before the server has accepted it: until then it takes none of its descriptors.
      if (process.platform === 'linux') {
        await until(() => readdirSync(`/proc/${cli.child.pid}/fd`).length > OPEN_FILES - 5);
      }
      process.kill((await cli.line('engine ready')).processId as number, 'SIGKILL');
      await until(() => /"reason":"exit","detail":"[^"]*EMFILE/.test(cli.output()));
      assert.equal(cli.child.exitCode, null);
      for (const socket of sockets) socket.destroy();
      await until(() => cli.output().split('"engine ready"').length > 2);

      const { text, vector } = golden.texts.find((one) => one.text !== '') as (typeof golden.texts)[number];
      const response = await fetch(`${url.origin}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input: text }),
      });
      assert.equal(response.status, 200);
      const { data } = (await response.json()) as { data: [{ embedding: number[] }] };
      assert.ok(largestDifference(data[0].embedding, vector) < 2e-6);
      cli.child.kill('SIGTERM');
      assert.equal(await cli.exit, 0);
    } finally {
      for (const socket of sockets) socket.destroy();
      cli.child.kill('SIGKILL');
    }
  });
});
