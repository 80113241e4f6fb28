import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { linger } from '../../../src/http/door/lingering-close.ts';
import { until } from '../../support/supervised-engine.ts';
import { answersAre, collect, parseAnswers, type RawAnswer } from '../raw-socket.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const MEBIBYTE = 2 ** 20;
const BODY_BYTES = 12 * MEBIBYTE;
const KEY = 'authorization: Bearer right\r\n';
const JSON_TYPE = 'content-type: application/json\r\n';
const LENGTH = `content-length: ${BODY_BYTES}\r\n`;

/** Unlike once(), not ended by an error. */
const next = (socket: net.Socket, event: string) => new Promise((resolve) => socket.once(event, resolve));

/** As many clients do it: sends all of `bytes` and a body of that size, and only then reads. */
async function sendThenRead(url: string, head: string, bodyBytes: number, chunked: boolean): Promise<RawAnswer> {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
  let failed: Error | undefined;
  socket.on('error', (error) => {
    failed = error;
  });
  await once(socket, 'connect');
  const piece = Buffer.alloc(64 * 1024, ' ');
  socket.write(head);
  for (let sent = 0; sent < bodyBytes && failed === undefined; sent += piece.length) {
    if (chunked) socket.write(`${piece.length.toString(16)}\r\n`);
    const isTaken = socket.write(chunked ? Buffer.concat([piece, Buffer.from('\r\n')]) : piece);
    // Others are let in, as in a client that is another process.
    await (isTaken ? sleep(0) : Promise.race([next(socket, 'drain'), next(socket, 'close')]));
  }
  const text = collect(socket);
  await until(() => failed !== undefined || socket.closed || answersAre(1)(text()));
  socket.destroy();
  assert.equal(failed, undefined, `${text()} ${failed}`);
  return parseAnswers(text())[0] as RawAnswer;
}

describe('An answer to a request that is still being sent', () => {
  let stub: StubService;
  before(async () => {
    stub = await startStubService({
      keys: { one: 'right' },
      config: { maxBodyBytes: MEBIBYTE, maxInflightBytes: MEBIBYTE },
    });
  });
  after(() => stub.close());

  const post = (headers: string) => `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`;
  for (const [what, status, head, isChunked] of [
    ['without a key', 401, post(`${JSON_TYPE}${LENGTH}`)],
    ['too large by its length', 413, post(`${KEY}${JSON_TYPE}${LENGTH}`)],
    ['too large by what came', 413, post(`${KEY}${JSON_TYPE}transfer-encoding: chunked\r\n`), true],
    ['of another type', 415, post(`${KEY}content-type: text/plain\r\ntransfer-encoding: chunked\r\n`), true],
    ['compressed', 415, post(`${KEY}${JSON_TYPE}content-encoding: gzip\r\n${LENGTH}`)],
    ['to a health check', 413, `GET /livez HTTP/1.1\r\nhost: localhost\r\n${LENGTH}\r\n`],
    ['with a URL that cannot be read', 404, `POST /v1/models/% HTTP/1.1\r\nhost: localhost\r\n${LENGTH}\r\n`],
    ['without a host', 400, `POST /livez HTTP/1.1\r\n${KEY}${LENGTH}\r\n`],
    ['that is no HTTP', 400, 'hello\r\n\r\n'],
  ] as const) {
    it(`${what} is read by a client that sends 12 MiB first: ${status} (it saw a broken pipe)`, async () => {
      const answer = await sendThenRead(stub.url, head, BODY_BYTES, isChunked === true);
      assert.equal(answer.status, status);
      assert.equal(answer.headers.connection?.toLowerCase(), 'close');
    });
  }

  it('does not let 320 MiB come: 32 MiB are dropped, and then nothing is read', async () => {
    const accepted = once(stub.app.server, 'connection') as Promise<[net.Socket]>;
    const socket = net.connect({ port: Number(new URL(stub.url).port), allowHalfOpen: true });
    const text = collect(socket);
    socket.write(post(`${JSON_TYPE}content-length: ${320 * MEBIBYTE}\r\n`));
    const [server] = await accepted;
    const piece = Buffer.alloc(MEBIBYTE);
    let isStopped = false;
    for (let sent = 0; sent < 320 && !isStopped; sent++) {
      if (!socket.write(piece)) await Promise.race([next(socket, 'drain'), until(() => server.isPaused())]);
      isStopped = server.isPaused();
    }
    assert.ok(isStopped);
    assert.ok(server.bytesRead < 34 * MEBIBYTE, `${server.bytesRead}`);
    assert.equal(parseAnswers(text())[0]?.status, 401);
    socket.destroy();
  });

  it('is the last one: what comes behind it on the connection is not answered', async () => {
    const socket = net.connect(Number(new URL(stub.url).port), '127.0.0.1');
    const text = collect(socket);
    socket.write(post(`${JSON_TYPE}content-length: 5\r\n`));
    await until(() => answersAre(1)(text()));
    socket.write(`12345${'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(3)}`);
    await sleep(100);
    assert.equal(parseAnswers(text()).length, 1);
    socket.destroy();
  });

  it('says 100 Continue only where the body is wanted', async () => {
    const expecting = `${JSON_TYPE}expect: 100-continue\r\n`;
    const ask = async (headers: string, body: string) => {
      const socket = net.connect(Number(new URL(stub.url).port), '127.0.0.1');
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
        if (text.startsWith('HTTP/1.1 100') && !text.includes('200')) socket.write(body);
      });
      socket.write(post(headers));
      await until(() => /HTTP\/1\.1 [2-5]\d\d/.test(text));
      socket.destroy();
      return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    };
    assert.deepEqual(await ask(`${expecting}content-length: 13\r\n`, ''), ['401']);
    assert.deepEqual(await ask(`${KEY}${expecting}${LENGTH}`, ''), ['413']);
    assert.deepEqual(await ask(`${KEY}${expecting}content-length: 13\r\n`, '{"input":"a"}'), ['100', '200']);
  });
});

describe('linger()', () => {
  it('closes after the time it is given, whatever the client does', async () => {
    const server = createServer((request, response) => {
      const { socket } = request;
      socket.destroySoon = () => linger(socket, { bytes: 10, milliseconds: 50 });
      response.writeHead(401, { connection: 'close' }).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const socket = net.connect({ port: (server.address() as net.AddressInfo).port, allowHalfOpen: true });
    socket.on('error', () => {}).write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n');
    socket.resume();
    const timer = setInterval(() => socket.write('x'), 5);
    await next(socket, 'close');
    clearInterval(timer);
    server.close();
  });
});
