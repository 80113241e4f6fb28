import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService } from '../support/running-service.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { fakeEngineEntry, isAlive, scriptFakeEngine } from '../support/supervised-engine.ts';

describe('SIGTERM', () => {
  it('finishes the requests under way, exits with 0 and leaves no engine', async () => {
    // The delay is for connections that the kernel has accepted and the server has not: nothing else can save those.
    const cli = spawnCli(['serve', '--port', '0', '--drain-delay-ms', '1000']);
    const { url } = await cli.line('ready');
    const engine = (await cli.line('engine ready')).processId as number;
    const input = Array.from({ length: 400 }, (_, i) => `text ${i} ${'word '.repeat(30)}`);
    const requests = Array.from({ length: 12 }, () =>
      fetch(`${url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input }),
      }),
    );
    await sleep(50);
    // As systemd and `timeout` do it: to every process of the group.
    process.kill(engine, 'SIGTERM');
    cli.child.kill('SIGTERM');
    for (const response of await Promise.all(requests)) {
      assert.equal(response.status, 200);
      assert.equal(((await response.json()) as { data: unknown[] }).data.length, input.length);
    }
    assert.equal(await cli.exit, 0);
    assert.equal(isAlive(engine), false);
    await assert.rejects(fetch(`${url}/livez`));
    assert.match(cli.output(), /"reason":"SIGTERM"/);
    assert.doesNotMatch(cli.output(), /engine lost/);
  });

  it('stops a start under way', async () => {
    const cli = spawnCli(['serve', '--port', '0']);
    await cli.line('starting hotvec');
    cli.child.kill('SIGTERM');
    assert.equal(await cli.exit, 0);
    assert.match(cli.output(), /stopped while starting/);
  });
});

describe('close()', () => {
  it('fails readiness first, still serves during the delay, and then refuses', async () => {
    scriptFakeEngine({});
    const service = await startService({ drainDelayMs: 400 }, fakeEngineEntry);
    const closing = service.close();
    const ready = await fetch(`${service.url}/readyz`);
    assert.equal(ready.status, 503);
    assert.equal(((await ready.json()) as { error: { code: string } }).error.code, 'draining');
    const served = await service.post('/v1/embeddings', { input: 'still served' });
    assert.equal(served.status, 200);
    assert.equal(served.headers.get('connection'), 'close');
    await closing;
    await assert.rejects(fetch(`${service.url}/livez`));
  });

  it('answers 503 to what is not finished in time', async () => {
    scriptFakeEngine({ batchMs: 60_000 });
    const service = await startService({ drainMs: 200 }, fakeEngineEntry);
    const late = service.post('/v1/embeddings', { input: 'never computed' });
    await sleep(100);
    await service.close();
    const response = await late;
    assert.equal(response.status, 503);
    assert.ok(Number(response.headers.get('retry-after')) >= 1);
  });

  it('is not held up by idle keep-alive connections', async () => {
    scriptFakeEngine({});
    const service = await startService({ drainMs: 60_000 }, fakeEngineEntry);
    await Promise.all(
      Array.from({ length: 20 }, () => fetch(`${service.url}/livez`).then((response) => response.text())),
    );
    await service.close();
  });
});
