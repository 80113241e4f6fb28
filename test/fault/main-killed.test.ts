import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnCli } from '../support/spawned-cli.ts';
import { isAlive, until } from '../support/supervised-engine.ts';

describe('the main process killed with SIGKILL', () => {
  for (const state of ['idle', 'computing'] as const) {
    it(`leaves no engine process behind: ${state}`, async () => {
      const cli = spawnCli(['serve', '--port', '0', '--threads', '1']);
      const { url } = await cli.line('ready');
      const engine = (await cli.line('engine ready')).processId as number;
      assert.ok(isAlive(engine));
      if (state === 'computing') {
        // Eight texts of the full length, alone in their batches: seconds of work in native code.
        const tokens = Array.from({ length: 8_192 }, (_, i) => i % 11_000);
        const input = Array.from({ length: 8 }, (_, i) => [i, ...tokens.slice(1)]);
        void fetch(`${url}/v1/embeddings`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ input, token_ids: 'as_is' }),
        }).catch(() => {});
        await sleep(300);
      }
      cli.child.kill('SIGKILL');
      assert.equal(await cli.exit, 'SIGKILL');
      await until(() => !isAlive(engine));
    });
  }

  it('leaves no engine process behind whose thread will never be free again', async () => {
    const parent = fork(new URL('../support/parent-of-hung-engine.js', import.meta.url));
    const [engine] = (await once(parent, 'message')) as [number];
    assert.ok(isAlive(engine));
    parent.kill('SIGKILL');
    await until(() => !isAlive(engine));
  });
});
