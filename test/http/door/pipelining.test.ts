import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_ANSWERS_UNDER_WAY } from '../../../src/http/door/pipelining.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { until } from '../../support/supervised-engine.ts';
import { collect } from '../raw-socket.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const SEED = 20_261_130;
/** Of one client that reads no answer. */
const UNREAD = 200;
const get = (path: string, id = 'r', method = 'GET') =>
  `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nx-request-id: ${id}\r\n\r\n`;
const post = (input: string, id = 'r') => {
  const body = JSON.stringify({ input });
  return `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\nx-request-id: ${id}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};
/** A body in chunks, with empty lines in it. */
const postChunked = (id: string) => {
  const pieces = ['{"input":\n\n\r\n\r\n', '"a"', '\n\r\n}'];
  const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');
  return `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\nx-request-id: ${id}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\nx-trailer: y\r\n\r\n`;
};
const idsIn = (text: string) => [...text.matchAll(/^x-request-id: (\S+)\r$/gim)].map(([, id]) => id);

describe('Requests that are pipelined on a connection', () => {
  let stub: StubService;
  let sockets: net.Socket[] = [];
  let mayAnswer: Promise<void>;
  let letThemAnswer = () => {};
  /** Requests begun and not yet answered, at most on one connection; and all that were begun. */
  let mostOpen = 0;
  let begun = 0;
  before(async () => {
    stub = await startStubService({ embed: () => mayAnswer.then(() => undefined) as Promise<never> });
    const open = new WeakMap<net.Socket, number>();
    stub.app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      const now = (open.get(socket) ?? 0) + 1;
      open.set(socket, now);
      begun += 1;
      mostOpen = Math.max(mostOpen, now);
      response.once('close', () => open.set(socket, (open.get(socket) ?? 0) - 1));
    });
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    mostOpen = 0;
    begun = 0;
  });
  after(() => stub.close());

  async function connect(): Promise<{ socket: net.Socket; server: net.Socket }> {
    mayAnswer = new Promise((resolve) => {
      letThemAnswer = resolve;
    });
    const accepted = once(stub.app.server, 'connection') as Promise<[net.Socket]>;
    const socket = net.connect(Number(new URL(stub.url).port), '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    const [server] = await accepted;
    return { socket, server };
  }

  it(`are begun ${MAX_ANSWERS_UNDER_WAY} at a time and read no further: two thousand were begun at once`, async () => {
    const { socket, server } = await connect();
    const text = collect(socket);
    const before = stub.embedCalls();
    const count = 5_000;
    socket.write(Array.from({ length: count }, (_, i) => post('a', `r${i}`)).join(''));
    await until(() => stub.embedCalls() - before === MAX_ANSWERS_UNDER_WAY);
    await sleep(200);
    assert.equal(stub.embedCalls() - before, MAX_ANSWERS_UNDER_WAY);
    assert.ok(server.bytesRead <= 256 * 1024, `${server.bytesRead}`);
    letThemAnswer();
    await until(() => idsIn(text()).length >= 500);
    assert.equal(mostOpen, MAX_ANSWERS_UNDER_WAY);
    assert.deepEqual(
      idsIn(text()).slice(0, 500),
      Array.from({ length: 500 }, (_, i) => `r${i}`),
    );
  });

  for (const [method, path] of [
    ['GET', '/openapi.yaml'],
    ['GET', '/openapi.json'],
    ['GET', '/metrics'],
    ['GET', '/docs/'],
    ['GET', '/docs/static/swagger-ui-bundle.js'],
    ['GET', '/v1/models'],
    ['GET', '/livez'],
    ['GET', '/info'],
    ['GET', '/api/tags'],
    ['GET', '/nothing'],
    ['GET', '/v1/models/%'],
    ['HEAD', '/openapi.json'],
    ['OPTIONS', '/v1/embeddings'],
    ['DELETE', '/v1/embeddings'],
  ] as const) {
    it(`${method} ${path}, unread: no more than ${MAX_ANSWERS_UNDER_WAY} of ${UNREAD} are under way`, async () => {
      const { socket } = await connect();
      socket.write(get(path, 'r', method).repeat(UNREAD));
      // Until no further request is started: all are answered, or the kernel's buffers are full.
      for (let seen = -1; seen !== begun; await sleep(100)) seen = begun;
      assert.ok(begun >= 1 && begun <= UNREAD, `${begun}`);
      assert.ok(mostOpen <= MAX_ANSWERS_UNDER_WAY, `${mostOpen}`);
    });
  }

  for (const [name, body] of [
    ['of a byte', '1\r\n{\r\n0\r\n\r\n'],
    ['of none', '0\r\n\r\n'],
    ['with extension and trailer', '5;a=b\r\n{"a":\r\n0;c\r\nx: y\r\n\r\n'],
    ['with what looks like a request', `${get('/livez').length.toString(16)}\r\n${get('/livez')}\r\n0\r\n\r\n`],
    ['that is not valid', 'x\r\n\r\n'],
  ] as const) {
    it(`POST with a body in chunks, ${name}: no more than ${MAX_ANSWERS_UNDER_WAY} are under way; a short one hid the next request`, async () => {
      const { socket } = await connect();
      const head =
        'POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
      socket.write((head + body).repeat(UNREAD));
      for (let seen = -1; seen !== begun; await sleep(100)) seen = begun;
      assert.ok(begun >= 1 && begun <= UNREAD, `${begun}`);
      assert.ok(mostOpen <= MAX_ANSWERS_UNDER_WAY, `${mostOpen}`);
    });
  }

  it('are begun one in a turn of the event loop, all connections together: others are served in between', async () => {
    const clients = [await connect(), await connect(), await connect()];
    letThemAnswer();
    const turns: number[] = [];
    let turn = 0;
    let isOver = false;
    const count = () => {
      turn += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const note = () => turns.push(turn);
    stub.app.server.on('request', note);
    const texts = clients.map(({ socket }) => collect(socket));
    for (const { socket } of clients) socket.write(get('/livez').repeat(200));
    await until(() => texts.every((text) => idsIn(text()).length === 200));
    isOver = true;
    stub.app.server.off('request', note);
    // The first one of each may begin at once, and a turn of theirs may come on top of it.
    const crowded = turns.filter((one, i) => turns[i - 1] === one).length;
    assert.ok(crowded <= 2 * clients.length, `${crowded}`);
  });

  it(`are answered in order, whole, whatever pieces they come in (seed ${SEED})`, async () => {
    const seeded = new SeededRandom(SEED);
    const random = () => seeded.next();
    for (let round = 0; round < 10; round++) {
      const { socket } = await connect();
      letThemAnswer();
      const text = collect(socket);
      const kinds = [
        (id: string) => get('/v1/models', id),
        (id: string) => get('/livez', id, 'HEAD'),
        (id: string) => post('a\n\nb', id),
        postChunked,
        (id: string) => `\r\n${get('/nothing', id)}`,
      ];
      const ids = Array.from({ length: 40 }, (_, i) => `r${round}-${i}`);
      const bytes = ids.map((id) => (kinds[Math.floor(random() * kinds.length)] as (typeof kinds)[0])(id)).join('');
      for (let start = 0; start < bytes.length; ) {
        const end = start + 1 + Math.floor(random() * (round % 2 === 0 ? 20 : 3_000));
        socket.write(bytes.slice(start, end));
        start = end;
        if (random() < 0.3) await sleep(0);
      }
      await until(() => idsIn(text()).length === ids.length);
      assert.deepEqual(idsIn(text()), ids);
      assert.doesNotMatch(text(), /HTTP\/1\.1 (4(?!04)|5)/);
      socket.destroy();
    }
  });
});
