import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { registerIdleConnections } from '../../../src/http/door/idle-connections.ts';
import { readConfig } from '../../../src/settings/config.ts';
import { until } from '../../support/supervised-engine.ts';
import { collect } from '../raw-socket.ts';
import { startStubService } from '../stub-service.ts';

const GET = 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n';

interface Client {
  socket: net.Socket;
  received: () => string;
  /** Sends a request, and waits for that many answers in all. */
  ask: (request: string, answers: number) => Promise<void>;
}

/** Closed after each test, also after one that failed: an open one would hold its server. */
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startService(options?: Parameters<typeof startStubService>[0]) {
  const service = await startStubService(options);
  closers.push(() => service.close());
  return service;
}

async function connect(url: string): Promise<Client> {
  const { port, hostname } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  closers.push(() => socket.destroy());
  const received = collect(socket);
  await once(socket, 'connect');
  return {
    socket,
    received,
    ask: async (request, answers) => {
      socket.write(request);
      await until(() => received().split('HTTP/1.1 200').length > answers || socket.destroyed);
    },
  };
}

describe('KEEP_ALIVE_S', () => {
  it('outlasts the proxies that hotvec is put behind', () => {
    // Google Cloud's load balancers 600 s, which no setting changes; Traefik 90, AWS 60, nginx 60.
    assert.ok(readConfig({}).keepAliveS > 600);
  });

  it('is told to clients, and kept although the next headers are late', async () => {
    const service = await startService();
    // The time for headers runs from the first byte of a request, not from the last answer.
    service.app.server.headersTimeout = 500;
    const client = await connect(service.url);
    await client.ask(GET, 1);
    assert.match(client.received(), /^keep-alive: timeout=620\r$/im);
    // Connections are looked at once a second.
    await sleep(2_500);
    await client.ask(GET, 2);
    assert.equal(client.socket.destroyed, false);
  });

  it('closes what waits longer', async () => {
    const service = await startService({ config: { keepAliveS: 1 } });
    const client = await connect(service.url);
    await client.ask(GET, 1);
    await until(() => client.socket.destroyed);
  });
});

describe('registerIdleConnections()', () => {
  let app: FastifyInstance;
  let url: string;
  let finish: () => void;
  before(async () => {
    app = Fastify();
    registerIdleConnections(app, 2);
    app.get('/livez', async () => 'ok');
    app.get(
      '/slow',
      () =>
        new Promise<string>((resolve) => {
          finish = () => resolve('ok');
        }),
    );
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  after(async () => {
    app.server.closeAllConnections();
    await app.close();
  });

  it('closes those that have waited longest, and none that has a request inside', async () => {
    const busy = await connect(url);
    await busy.ask(GET, 1);
    // Two requests at once, the first of them answered: not idle.
    busy.socket.write(`${GET}GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    await until(() => finish !== undefined);
    const [first, second, third] = [await connect(url), await connect(url), await connect(url)];
    for (const client of [first, second]) await client.ask(GET, 1);
    // The first is used again: now the second has waited longest.
    await first.ask(GET, 2);
    await third.ask(GET, 1);
    await until(() => second.socket.destroyed);
    for (const client of [first, third]) {
      const before = client.received().split('HTTP/1.1 200').length;
      await client.ask(GET, before);
      assert.equal(client.socket.destroyed, false);
    }
    finish();
    await until(() => busy.received().split('HTTP/1.1 200').length > 3);
  });

  it('lets a client that has just been answered read the whole answer', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect(url)));
    await Promise.all(clients.map((client) => client.ask(GET, 1)));
    for (const { received } of clients) assert.match(received(), /\r\n\r\nok$/);
  });
});
