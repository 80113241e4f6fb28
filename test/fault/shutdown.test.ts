import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { collect } from '../http/raw-socket.ts';
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

  it('takes copies of a signal for one, and a later one for impatience: `timeout` broke off the drain', async () => {
    for (const [milliseconds, code] of [
      [100, 0],
      [1_000, 1],
    ] as const) {
      const cli = spawnCli(['serve', '--port', '0', '--drain-delay-ms', '2000']);
      await cli.line('ready');
      cli.child.kill('SIGTERM');
      await cli.line('shutting down');
      await sleep(milliseconds);
      cli.child.kill('SIGTERM');
      assert.equal(await cli.exit, code, `${milliseconds} ms`);
    }
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
  const BODY = '{"input":"half a body"}';

  /** Sends half a request, begins to close, and sends the rest, if any, after a while. Resolves with what comes. */
  async function halfSent(framing: string, first: string, rest: string | null): Promise<{ text: string; log: string }> {
    scriptFakeEngine({});
    const service = await startService({ drainMs: 600 }, fakeEngineEntry);
    const { port, hostname } = new URL(service.url);
    const socket = net.connect(Number(port), hostname);
    const text = collect(socket);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(
      `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${framing}\r\n\r\n${first}`,
    );
    await sleep(100);
    const closing = service.close();
    await sleep(200);
    if (rest !== null) socket.write(rest);
    await closed;
    await closing;
    return { text: text(), log: service.log() };
  }

  it('serves a request whose body was half sent when it began, once the rest comes', async () => {
    const { text } = await halfSent(`content-length: ${BODY.length}`, BODY.slice(0, 9), BODY.slice(9));
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.match(text, /^connection: close\r$/im);
  });

  for (const [what, framing, first] of [
    ['half of it', `content-length: ${BODY.length}`, BODY.slice(0, 9)],
    ['none of it', `content-length: ${BODY.length}`, ''],
    ['a chunk of it', 'transfer-encoding: chunked', `9\r\n${BODY.slice(0, 9)}\r\n`],
    ['a part that a worker would read', 'content-length: 3000000', `{"input":"${'a'.repeat(300_000)}`],
  ] as const) {
    it(`answers 503 draining at the end where the rest of a body never comes: ${what} (it was closed without a word)`, async () => {
      const { text, log } = await halfSent(framing, first, null);
      assert.match(text, /^HTTP\/1\.1 503 /);
      assert.match(text, /"code":"draining"/);
      assert.match(text, /^retry-after: 1\r$/im);
      assert.match(log, /"status":503,[^\n]*"code":"draining"/);
    });
  }

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
