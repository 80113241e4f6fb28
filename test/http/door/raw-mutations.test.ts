import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { extent } from '../../soak/extent.ts';
import { reportFigure } from '../../soak/report-figure.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const SEED = 20_261_125;
const COUNT = extent(600, 20_000);
const CLIENTS = 50;

const post = (path: string, body: string, headers = '') =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const chunked = (body: string) =>
  `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const VALID = [
  'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'GET /v1/models/starter?a=b HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive\r\naccept: */*\r\n\r\n',
  post(
    '/v1/embeddings',
    '{"input":["a","ü 中 😀"],"dimensions":2,"encoding_format":"base64"}',
    'x-deadline-ms: 1000\r\n',
  ),
  post('/v1/embeddings', '{"input":[[1,2,3],[4]]}', 'expect: 100-continue\r\n'),
  post('/v1/similarity', '{"queries":"a","documents":["b","c"],"top_k":1}', 'x-request-id: abc\r\n'),
  post('/v1/embeddings', '{"input":"a"}') + post('/embeddings', '{"input":"b"}'),
  chunked('{"input":"chunked"}'),
].map((text) => Buffer.from(text));
/** Bytes that mean something to HTTP or JSON. */
const MEANINGFUL = Buffer.from('\0\r\n \t:;,%/?#{}[]"\\+-09aAfF\x7f\x80\xff', 'latin1');

function mutate(random: SeededRandom): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(VALID));
  for (let left = random.integer(1, 4); left > 0 && bytes.length > 0; left--) {
    const at = random.integer(0, bytes.length - 1);
    const end = Math.min(bytes.length, at + random.integer(1, 20));
    const insert = (middle: Buffer, from = at, to = at) =>
      Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)]);
    const some = () => Buffer.from(Array.from({ length: random.integer(1, 8) }, () => random.pick([...MEANINGFUL])));
    const steps: (() => Buffer)[] = [
      () => insert(Buffer.from([(bytes[at] as number) ^ (1 << random.integer(0, 7))]), at, at + 1),
      () => insert(some(), at, at + 1),
      () => insert(some()),
      () => insert(Buffer.alloc(0), at, end),
      () => insert(bytes.subarray(at, end)),
      () => Buffer.from(bytes.subarray(0, at)),
      () => Buffer.concat([bytes.subarray(0, at), random.pick(VALID).subarray(random.integer(0, 60))]),
      () => insert(Buffer.from(String(random.pick([-1, 0, 1, 2 ** 31, 2 ** 53, 1e21])))),
    ];
    bytes = random.pick(steps)();
  }
  return bytes;
}

describe('No bytes on a socket make the service fail', () => {
  let stub: StubService;
  before(async () => {
    stub = await startStubService();
  });
  after(() => stub.close());

  /** What is answered, until the first answer came, the connection was closed, or nothing happens. */
  function answerTo(bytes: Buffer, isClosedAfter: boolean): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      const socket = net.connect(Number(new URL(stub.url).port), '127.0.0.1');
      // Many wait for more: that the client sends no more ends them.
      const timer = setTimeout(() => socket.end(), 300);
      socket.setTimeout(10_000, () => socket.destroy());
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
        if (!isClosedAfter) socket.destroy();
      });
      socket
        .on('error', () => {})
        .on('close', () => {
          clearTimeout(timer);
          resolve(text);
        });
      if (isClosedAfter) socket.end(bytes);
      else socket.write(bytes);
    });
  }

  it(`${COUNT} mutated requests (seed ${SEED}): none is answered 5xx, and it still serves`, async () => {
    const random = new SeededRandom(SEED);
    const statuses = new Map<string, number>();
    let left = COUNT;
    const client = async () => {
      while (left-- > 0) {
        const text = await answerTo(mutate(random), random.chance(0.3));
        const [, status = 'none'] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? [];
        assert.ok(status !== 'none' || text === '', text);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const seen = JSON.stringify([...statuses]);
    for (const status of ['200', '400', '404', '415']) assert.ok((statuses.get(status) ?? 0) >= 3, seen);
    const failed = [...statuses]
      .filter(([status]) => status.startsWith('5'))
      .reduce((sum, [, count]) => sum + count, 0);
    const response = await fetch(`${stub.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"input":"alive"}',
    });
    assert.equal(response.status, 200);
    assert.doesNotMatch(stub.log(), /unexpected error/);
    reportFigure('mutated_requests_failed', failed, `${COUNT} requests, seed ${SEED}: ${seen}`);
  });
});
