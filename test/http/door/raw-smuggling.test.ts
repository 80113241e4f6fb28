import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { reportFigure } from '../../soak/report-figure.ts';
import { type StubService, startStubService } from '../stub-service.ts';

// What a proxy in front may have taken for the body of a request. If it is answered, somebody else's request was forged:
// the proxy gives that answer to the next one who asks.
const SMUGGLED = 'GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx-request-id: smuggled\r\n\r\n';
const BODY = '{"input":"a"}';
const start = 'POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
const CHUNKED = 'transfer-encoding: chunked\r\n';
const length = (body: string) => `content-length: ${Buffer.byteLength(body)}\r\n`;
const chunk = (text: string, extension = '') => `${text.length.toString(16)}${extension}\r\n${text}\r\n`;
const END = '0\r\n\r\n';

/** What is sent, and the statuses that may come back: the request is refused, or is one whose body all of it is. */
const corpus: Record<string, [bytes: string, statuses: number[]]> = {
  'a length and chunks, the length to the end': [
    `${start}${length(END + SMUGGLED)}${CHUNKED}\r\n${END}${SMUGGLED}`,
    [400],
  ],
  'chunks and a length': [`${start}${CHUNKED}${length(END + SMUGGLED)}\r\n${END}${SMUGGLED}`, [400]],
  'a short length and chunks that hold more': [
    `${start}content-length: 4\r\n${CHUNKED}\r\n${chunk(SMUGGLED)}${END}`,
    [400],
  ],
  'two lengths that differ': [`${start}content-length: 0\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'two lengths that agree': [`${start}${length(SMUGGLED)}${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'a list of lengths': [`${start}content-length: 0, ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, [400]],
  'a negative length': [`${start}content-length: -${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, [400]],
  'a length with a sign': [`${start}content-length: +${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, [400]],
  'a hexadecimal length': [`${start}content-length: 0x${SMUGGLED.length.toString(16)}\r\n\r\n${SMUGGLED}`, [400]],
  'an octal length': [`${start}content-length: 0${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, [400]],
  'a length with an exponent': [`${start}content-length: 1e2\r\n\r\n${SMUGGLED}`, [400]],
  'a length of two numbers': [`${start}content-length: 0 ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, [400]],
  'a length above 2^64': [`${start}content-length: 18446744073709551616\r\n\r\n${SMUGGLED}`, [400, 413]],
  'a length near 2^64': [`${start}content-length: 18446744073709551615\r\n\r\n${SMUGGLED}`, [400, 413]],
  'an empty length': [`${start}content-length: \r\n\r\n${SMUGGLED}`, [400]],
  'a length that is no number': [`${start}content-length: x\r\n\r\n${SMUGGLED}`, [400]],
  'a space before the colon of the length': [`${start}content-length : ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, [400]],
  'a space before the colon of the encoding': [
    `${start}transfer-encoding : chunked\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [400],
  ],
  'a tab before the colon': [`${start}transfer-encoding\t: chunked\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'two encodings': [`${start}${CHUNKED}transfer-encoding: identity\r\n\r\n${END}${SMUGGLED}`, [400]],
  'two encodings, chunked last': [`${start}transfer-encoding: identity\r\n${CHUNKED}\r\n${END}${SMUGGLED}`, [400]],
  'chunked twice': [`${start}${CHUNKED}${CHUNKED}\r\n${END}${SMUGGLED}`, [400]],
  'chunked before another encoding': [`${start}transfer-encoding: chunked, gzip\r\n\r\n${END}${SMUGGLED}`, [400]],
  'an encoding that ends in chunked': [
    `${start}transfer-encoding: xchunked\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [400],
  ],
  'an encoding in quotes': [`${start}transfer-encoding: "chunked"\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'an encoding behind a vertical tab': [
    `${start}transfer-encoding: \x0bchunked\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [400],
  ],
  'an encoding on a folded line': [`${start}x: a\r\n ${CHUNKED}${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'a folded encoding': [`${start}transfer-encoding:\r\n chunked\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'a folded first header': [
    `POST /v1/embeddings HTTP/1.1\r\n host: localhost\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [400],
  ],
  'an encoding behind a bare CR': [`${start}x: a\r${CHUNKED}${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'an encoding behind a bare LF': [`${start}x: a\n${CHUNKED}${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'an encoding behind NUL': [`${start}x: a\0\r\n${CHUNKED}${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'headers that end in bare LF': [`${start.replaceAll('\r\n', '\n')}${length(SMUGGLED).trim()}\n\n${SMUGGLED}`, [400]],
  'chunks in HTTP/1.0': [
    `${start.replace('1.1', '1.0')}${CHUNKED}${length(END + SMUGGLED)}\r\n${END}${SMUGGLED}`,
    [400],
  ],
  'a chunk size with a sign': [`${start}${CHUNKED}\r\n+0\r\n\r\n${SMUGGLED}`, [400]],
  'a negative chunk size': [`${start}${CHUNKED}\r\n-1\r\n\r\n${SMUGGLED}`, [400]],
  'a chunk size with 0x': [`${start}${CHUNKED}\r\n0x0\r\n\r\n${SMUGGLED}`, [400]],
  'a chunk size with an underscore': [`${start}${CHUNKED}\r\n0_0\r\n\r\n${SMUGGLED}`, [400]],
  'a chunk size above 2^64': [`${start}${CHUNKED}\r\n${'f'.repeat(17)}\r\n${SMUGGLED}`, [400]],
  'a chunk size of 2^64 - 1': [`${start}${CHUNKED}\r\n${'f'.repeat(16)}\r\n${SMUGGLED}`, [400, 413]],
  'an empty chunk size': [`${start}${CHUNKED}\r\n\r\n${SMUGGLED}`, [400]],
  'a chunk size that ends in bare LF': [
    `${start}${CHUNKED}\r\n${BODY.length.toString(16)}\n${BODY}\r\n${END}${SMUGGLED}`,
    [400],
  ],
  'a chunk that ends in bare LF': [
    `${start}${CHUNKED}\r\n${BODY.length.toString(16)}\r\n${BODY}\n${END}${SMUGGLED}`,
    [400],
  ],
  'a chunk without its end': [`${start}${CHUNKED}\r\n${BODY.length.toString(16)}\r\n${BODY}XX${END}${SMUGGLED}`, [400]],
  'a chunk longer than its size': [`${start}${CHUNKED}\r\n2\r\n${BODY}\r\n${END}${SMUGGLED}`, [400]],
  'an extension with a line break': [`${start}${CHUNKED}\r\n${chunk(BODY, ';a="\n"')}${END}${SMUGGLED}`, [400]],
  'an extension with a bare CR': [`${start}${CHUNKED}\r\n${chunk(BODY, ';a=\rb')}${END}${SMUGGLED}`, [400]],
  'an extension of 64 KiB': [
    `${start}${CHUNKED}\r\n${chunk(BODY, `;a=${'b'.repeat(65_536)}`)}${END}${SMUGGLED}`,
    [400, 413, 431],
  ],
  'a header in the trailer that folds': [
    `${start}${CHUNKED}\r\n${chunk(BODY)}0\r\nx: a\r\n b\r\n\r\n${SMUGGLED}`,
    [400],
  ],
  'a body that is a request': [`${start}${length(SMUGGLED)}\r\n${SMUGGLED}`, [400]],
  'chunks that are a request': [`${start}${CHUNKED}\r\n${chunk(SMUGGLED)}${END}`, [400]],
  'a body to a route that has none': [
    `GET /v1/models HTTP/1.1\r\nhost: localhost\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [200],
  ],
  'a body to nothing': [`POST /nothing HTTP/1.1\r\nhost: localhost\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`, [404, 415]],
  'a body of another type': [
    `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [415],
  ],
  'a compressed body': [`${start}content-encoding: gzip\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`, [415]],
  'a body to a method that is not there': [
    `DELETE /v1/embeddings HTTP/1.1\r\nhost: localhost\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [400, 405, 415],
  ],
  'a body behind an upgrade': [
    `${start}connection: upgrade\r\nupgrade: websocket\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [400],
  ],
  'an upgrade to HTTP/2': [
    `${start}connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [400],
  ],
  CONNECT: [`CONNECT x:80 HTTP/1.1\r\nhost: localhost\r\n\r\n${SMUGGLED}`, [405]],
  'a line break in the URL': [
    `GET /v1/models%0d%0ax:%20y HTTP/1.1\r\nhost: localhost\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [404],
  ],
  'a space in the URL': [
    `GET /livez /v1/models HTTP/1.1\r\nhost: localhost\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [400],
  ],
  'a version of three numbers': [`GET /livez HTTP/1.1.1\r\nhost: localhost\r\n\r\n${SMUGGLED}`, [400]],
  'HTTP/0.9': [`GET /livez\r\n${SMUGGLED}`, [400]],
  'two hosts': [
    `GET /nothing HTTP/1.1\r\nhost: localhost\r\nhost: y\r\n${length(SMUGGLED)}\r\n${SMUGGLED}`,
    [400, 404],
  ],
};

describe('Request smuggling', () => {
  let stub: StubService;
  let smuggled = 0;
  before(async () => {
    stub = await startStubService();
  });
  after(async () => {
    await stub.close();
    reportFigure('smuggled_requests_answered', smuggled, `${Object.keys(corpus).length} kinds of requests`);
  });

  /** All that is answered within a while, or until the server closes. */
  const answersTo = (bytes: string, patience = 5_000): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      const socket = net.connect(Number(new URL(stub.url).port), '127.0.0.1');
      socket.write(bytes, 'latin1');
      let timer = setTimeout(() => socket.destroy(), patience);
      socket.setEncoding('latin1').on('data', (more: string) => {
        text += more;
        clearTimeout(timer);
        timer = setTimeout(() => socket.destroy(), 60);
      });
      socket.on('error', () => {}).on('close', () => resolve(text));
    });
  const statusesOf = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

  for (const [what, [bytes, wanted]] of Object.entries(corpus)) {
    it(`${what}: never a second answer`, async () => {
      // Where nothing may come, the server waits for the rest of a body or has closed.
      const isQuiet = wanted.length === 0 || wanted.includes(413);
      const text = await answersTo(bytes, isQuiet ? 300 : 5_000);
      if (/x-request-id: smuggled/.test(text)) smuggled += 1;
      assert.doesNotMatch(text, /smuggled/, text);
      const statuses = statusesOf(text);
      assert.ok(statuses.length <= 1, text);
      for (const status of statuses) assert.ok(wanted.includes(status), `${status}, wanted ${wanted}: ${text}`);
      assert.ok(statuses.length === 1 || isQuiet, 'nothing was answered');
    });
  }

  it('a valid body, and chunks with extensions and a trailer, are read to their end: the next request is answered', async () => {
    const next = 'GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n';
    for (const body of [
      `${start}${length(BODY)}\r\n${BODY}`,
      `${start}${CHUNKED}\r\n${chunk(BODY.slice(0, 5), ';a=b;c="d"')}${chunk(BODY.slice(5))}0\r\nx-trailer: a\r\n\r\n`,
      `${start}transfer-encoding: Chunked\r\n\r\n${chunk(BODY)}${END}`,
    ]) {
      assert.deepEqual(statusesOf(await answersTo(body + next)), [200, 200], body);
    }
  });

  it('garbage behind a valid request is refused, and what comes behind the garbage not read', async () => {
    for (const garbage of ['\0\0\0\0\r\n\r\n', 'x\r\n\r\n', '{"input":"b"}\r\n\r\n', '0\r\n\r\n']) {
      const text = await answersTo(`${start}${length(BODY)}\r\n${BODY}${garbage}${SMUGGLED}`);
      assert.ok([1, 2].includes(statusesOf(text).length), text);
      assert.equal(statusesOf(text).at(-1) === 200 || statusesOf(text).at(-1) === 400, true, text);
      assert.doesNotMatch(text, /smuggled/);
    }
  });

  it('none of it was served, and the server still serves', async () => {
    assert.doesNotMatch(stub.log(), /"reqId":"smuggled"[^\n]*"status":[2345]\d[0-8]|unexpected error/);
    assert.equal((await fetch(`${stub.url}/v1/models`)).status, 200);
  });
});
