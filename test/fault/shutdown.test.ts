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
    const input = Array.from({ length: 100 }, (_, i) => `text ${i} ${'word '.repeat(30)}`);
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

  /** Half of a request: how its body is framed, what is sent before closing begins, and what follows. */
  interface Half {
    what: string;
    framing: string;
    first: string;
    rest?: string;
  }

  const served: Half = {
    what: 'the rest comes',
    framing: `content-length: ${BODY.length}`,
    first: BODY.slice(0, 9),
    rest: BODY.slice(9),
  };
  const unfinished: Half[] = [
    { what: 'half of it', framing: `content-length: ${BODY.length}`, first: BODY.slice(0, 9) },
    { what: 'none of it', framing: `content-length: ${BODY.length}`, first: '' },
    { what: 'a chunk of it', framing: 'transfer-encoding: chunked', first: `9\r\n${BODY.slice(0, 9)}\r\n` },
    {
      what: 'a part that a worker would read',
      framing: 'content-length: 3000000',
      first: `{"input":"${'a'.repeat(300_000)}`,
    },
  ];

  it('serves a request whose body was half sent when it began, and answers 503 draining at the end where the rest never comes', async () => {
    scriptFakeEngine({});
    const service = await startService({ drainMs: 1_500 }, fakeEngineEntry);
    const { port, hostname } = new URL(service.url);
    const clients = [served, ...unfinished].map((half) => {
      const socket = net.connect(Number(port), hostname);
      const connected = new Promise((resolve) => socket.once('connect', resolve));
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write(
        `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${half.framing}\r\n\r\n${half.first}`,
      );
      return { ...half, socket, connected, closed, text: collect(socket) };
    });
    // A later connection that is answered: the kernel has handed these over before it.
    await Promise.all(clients.map(({ connected }) => connected));
    assert.equal((await fetch(`${service.url}/livez`)).status, 200);
    await sleep(100);
    const closing = service.close();
    await sleep(200);
    for (const { socket, rest } of clients) if (rest !== undefined) socket.write(rest);
    await Promise.all(clients.map(({ closed }) => closed));
    await closing;
    for (const { what, text, rest } of clients) {
      if (rest !== undefined) {
        assert.match(text(), /^HTTP\/1\.1 200 /, what);
        assert.match(text(), /^connection: close\r$/im, what);
      } else {
        assert.match(text(), /^HTTP\/1\.1 503 /, what);
        assert.match(text(), /"code":"draining"/, what);
        assert.match(text(), /^retry-after: 1\r$/im, what);
      }
    }
    const refused = service.log().match(/"status":503,[^\n]*"code":"draining"/g);
    assert.equal(refused?.length, unfinished.length);
  });

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

  it('answers 503 to requests that are not finished in time', async () => {
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
