import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { collect } from '../raw-socket.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const BODY = '{"input":"a"}';
const HOST = 'Host: localhost\r\n';
const JSON_BODY = `Content-Type: application/json\r\nContent-Length: ${BODY.length}\r\n`;
const post = (version: string, headers: string, body = BODY) =>
  `POST /v1/embeddings HTTP/${version}\r\n${HOST}${headers}${JSON_BODY}\r\n${body}`;

interface Answer {
  /** Of all answers that came, in turn. */
  statuses: number[];
  text: string;
  isClosed: boolean;
}

describe('Rules of HTTP, on the wire', () => {
  let stub: StubService;
  before(async () => {
    stub = await startStubService();
  });
  after(() => stub.close());

  /** What is received up to a final answer; then whether the connection is closed, which a second request tells. */
  async function send(bytes: string): Promise<Answer> {
    const { port, hostname } = new URL(stub.url);
    const socket = net.connect(Number(port), hostname);
    const text = collect(socket);
    let isClosed = false;
    socket.once('end', () => {
      isClosed = true;
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(bytes, 'latin1');
    const finals = () => [...text().matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
    const isThere = () => finals().some((status) => status >= 200) || isClosed;
    while (!isThere()) await new Promise((resolve) => socket.once('data', resolve).once('end', resolve));
    const statuses = finals();
    const first = text();
    if (!/^connection: close\r$/im.test(first) && !isClosed) {
      socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    }
    await closed;
    isClosed = finals().length === statuses.length;
    socket.destroy();
    return { statuses, text: first, isClosed };
  }

  function assertEnvelope({ text }: Answer, code: string): void {
    const { error } = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as { error: { code: string } };
    assert.equal(error.code, code);
    assert.match(text, /^content-type: application\/json; charset=utf-8\r$/im);
  }

  it('says that a body may come to HTTP/1.1 alone, to those that ask for it, where there is one and it is wanted', async () => {
    const asked = 'Expect: 100-continue\r\n';
    assert.deepEqual((await send(post('1.1', asked))).statuses, [100, 200]);
    assert.deepEqual((await send(post('1.1', 'Expect: 100-Continue\r\n'))).statuses, [100, 200]);
    assert.deepEqual((await send(post('1.1', 'Expect: gold, 100-continue\r\n'))).statuses, [100, 200]);
    assert.deepEqual((await send(post('1.0', asked))).statuses, [200], 'RFC 9110, 10.1.1: it must be ignored');
    assert.deepEqual((await send(post('1.1', 'Expect: gold\r\n'))).statuses, [200]);
    assert.deepEqual((await send(post('1.1', 'Expect: x100-continue\r\n'))).statuses, [200]);
    assert.deepEqual((await send(`GET /livez HTTP/1.1\r\n${HOST}${asked}\r\n`)).statuses, [200]);
    const nowhere = `POST /v1/nothing HTTP/1.1\r\n${HOST}${asked}${JSON_BODY}\r\n`;
    assert.deepEqual((await send(nowhere)).statuses, [404], 'before the body is sent');
  });

  for (const [what, headers, version] of [
    ['two', 'Host: localhost\r\nHost: example.com\r\n', '1.1'],
    ['two that are equal', 'Host: localhost\r\nhost: localhost\r\n', '1.1'],
    ['two, in HTTP/1.0', 'Host: localhost\r\nHost: localhost\r\n', '1.0'],
    ['a list', 'Host: localhost, example.com\r\n', '1.1'],
    ['what is no host', 'Host: a b/c@d\r\n', '1.1'],
    ['none', '', '1.1'],
  ] as const) {
    it(`refuses a request with ${what} for a host`, async () => {
      const answer = await send(`GET /livez HTTP/${version}\r\n${headers}\r\n`);
      assert.deepEqual(answer.statuses, [400]);
      assertEnvelope(answer, 'invalid_input');
    });
  }

  it('takes an empty host, an address with a port, and HTTP/1.0 without any', async () => {
    for (const host of ['Host:\r\n', 'Host: [::1]:8080\r\n', 'Host: 127.0.0.1\r\n', 'Host: localhost:\r\n']) {
      assert.deepEqual((await send(`GET /livez HTTP/1.1\r\n${host}\r\n`)).statuses, [200], host);
    }
    const old = await send('GET /livez HTTP/1.0\r\n\r\n');
    assert.deepEqual([old.statuses, old.isClosed], [[200], true]);
  });

  for (const [request, status, code, allow] of [
    [`QUERY /v1/embeddings HTTP/1.1\r\n${HOST}${JSON_BODY}\r\n${BODY}`, 405, 'method_not_allowed', 'POST'],
    [`QUERY /livez HTTP/1.1\r\n${HOST}\r\n`, 405, 'method_not_allowed', 'GET, HEAD'],
    [`QUERY /v1/nothing HTTP/1.1\r\n${HOST}\r\n`, 404, 'not_found', undefined],
    [
      `QUERY /v1/embeddings HTTP/1.1\r\n${HOST}Content-Type: application/sql\r\nContent-Length: 1\r\n\r\nx`,
      405,
      'method_not_allowed',
      'POST',
    ],
    [
      'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n',
      405,
      'method_not_allowed',
      'GET, HEAD, POST, DELETE, OPTIONS',
    ],
    [`CONNECT /v1/embeddings HTTP/1.1\r\n${HOST}\r\n`, 405, 'method_not_allowed', 'GET, HEAD, POST, DELETE, OPTIONS'],
    [
      'CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n\x16\x03\x01\x02',
      405,
      'method_not_allowed',
      'GET, HEAD, POST, DELETE, OPTIONS',
    ],
    [`TRACE /livez HTTP/1.1\r\n${HOST}\r\n`, 405, 'method_not_allowed', 'GET, HEAD'],
    [`PROPFIND /livez HTTP/1.1\r\n${HOST}\r\n`, 405, 'method_not_allowed', 'GET, HEAD'],
    [`PUT http://localhost/v1/embeddings HTTP/1.1\r\n${HOST}\r\n`, 405, 'method_not_allowed', 'POST'],
    [`BREW /livez HTTP/1.1\r\n${HOST}\r\n`, 400, 'invalid_input', undefined],
    [`GET * HTTP/1.1\r\n${HOST}\r\n`, 404, 'not_found', undefined],
    ['\x16\x03\x01 no HTTP at all\r\n\r\n', 400, 'invalid_input', undefined],
    [`GET /livez HTTP/2.0\r\n${HOST}\r\n`, 400, 'invalid_input', undefined],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_input', undefined],
  ] as const) {
    it(`answers ${JSON.stringify(request.split('\r\n')[0])} with ${status}, in the envelope`, async () => {
      const answer = await send(request);
      assert.deepEqual(answer.statuses, [status], answer.text);
      assertEnvelope(answer, code);
      assert.equal(/^allow: (.*)\r$/im.exec(answer.text)?.[1], allow);
    });
  }

  it('answers OPTIONS of the server as a whole', async () => {
    const answer = await send(`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`);
    assert.deepEqual([answer.statuses, answer.isClosed], [[204], false]);
    assert.match(answer.text, /^allow: GET, HEAD, POST, DELETE, OPTIONS\r$/im);
  });

  it('serves the absolute form, and goes on in HTTP/1.1 where another protocol is proposed', async () => {
    for (const target of ['http://localhost/livez', 'http://localhost:8080/livez?x=http://a']) {
      assert.deepEqual((await send(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`)).statuses, [200]);
    }
    for (const upgrade of ['h2c', 'websocket', 'TLS/1.2']) {
      const headers = `${HOST}Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
      assert.deepEqual((await send(`GET /livez HTTP/1.1\r\n${headers}\r\n`)).statuses, [200]);
    }
  });

  it('closes after a body in chunks from HTTP/1.0, which has none', async () => {
    const chunks = `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
    const answer = await send(`POST /v1/embeddings HTTP/1.0\r\nConnection: keep-alive\r\n${chunks}`);
    assert.deepEqual([answer.statuses, answer.isClosed], [[400], true]);
    assertEnvelope(answer, 'invalid_input');
    assert.deepEqual((await send(`POST /v1/embeddings HTTP/1.1\r\n${HOST}${chunks}`)).statuses, [200]);
  });

  for (const length of [
    '13\r\nContent-Length: 13',
    '13\r\nContent-Length: 3',
    '13, 13',
    '+13',
    '-1',
    '',
    '9'.repeat(30),
    '0x0d',
  ]) {
    it(`refuses content-length ${JSON.stringify(length)}, and closes`, async () => {
      const headers = `${HOST}Content-Type: application/json\r\nContent-Length: ${length}\r\n`;
      const answer = await send(`POST /v1/embeddings HTTP/1.1\r\n${headers}\r\n${BODY}`);
      assert.deepEqual([answer.statuses, answer.isClosed], [[400], true]);
      assertEnvelope(answer, 'invalid_input');
    });
  }
});
