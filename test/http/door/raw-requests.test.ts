import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { extent } from '../../soak/extent.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { goldenTexts } from '../answers.ts';
import { validatorOf } from '../openapi/openapi-document.ts';
import { answersAre, parseAnswers, type RawAnswer, sendRaw } from '../raw-socket.ts';
import { startStubService } from '../stub-service.ts';

const problemsOf = validatorOf({ $ref: '#/components/schemas/Error' });
const PIPELINED = extent(300, 1_000);
const JSON_TYPE = 'content-type: application/json\r\n';

function post(body: string | Buffer, headers = JSON_TYPE, length = Buffer.byteLength(body)): Buffer {
  const head = `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\n${headers}content-length: ${length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}
const get = (path: string, headers = 'host: localhost\r\n') => `GET ${path} HTTP/1.1\r\n${headers}\r\n`;

describe('Requests as no HTTP library sends them', () => {
  let service: RunningService;
  before(async () => {
    service = await startService();
  });
  after(() => service.close());

  const one = async (bytes: string | Buffer): Promise<RawAnswer> => {
    const [answer, ...more] = parseAnswers(await sendRaw(service.url, bytes, answersAre(1)));
    assert.deepEqual(more, []);
    return answer as RawAnswer;
  };

  const refused: [what: string, bytes: string | Buffer, status: number, code: string][] = [
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'invalid_input'],
    ['TLS to a plain port', Buffer.from('16030100a50100', 'hex'), 400, 'invalid_input'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_input'],
    ['an unknown method', 'BREW /livez HTTP/1.1\r\nhost: localhost\r\n\r\n', 400, 'invalid_input'],
    ['a header with a line break', get('/livez', 'host: localhost\r\nx: a\rb\r\n'), 400, 'invalid_input'],
    ['no host', get('/livez', ''), 400, 'invalid_input'],
    ['too many header bytes', get('/livez', `host: localhost\r\nx: ${'y'.repeat(20_000)}\r\n`), 431, 'invalid_input'],
    ['too long a URL', get(`/${'y'.repeat(20_000)}`), 431, 'invalid_input'],
    ['a length and chunks', post('0\r\n\r\n', `${JSON_TYPE}transfer-encoding: chunked\r\n`), 400, 'invalid_input'],
    ['two lengths', post('{}', `${JSON_TYPE}content-length: 3\r\n`), 400, 'invalid_input'],
    ['a negative length', post('', JSON_TYPE, -1), 400, 'invalid_input'],
    [
      'a malformed chunk',
      `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\n${JSON_TYPE}transfer-encoding: chunked\r\n\r\nzz\r\n`,
      400,
      'invalid_input',
    ],
    ['a body that is no UTF-8', post(Buffer.from('7b22696e707574223a22c3287d', 'hex')), 400, 'invalid_json'],
    ['UTF-16', post(Buffer.from('{"input":"x"}', 'utf16le')), 400, 'invalid_json'],
    ['an empty body', post(''), 400, 'invalid_json'],
    ['no body and no type', post('', ''), 400, 'invalid_input'],
    ['a body without a type', post('{"input":"x"}', ''), 415, 'unsupported_media_type'],
    [
      'another charset',
      post('{"input":"x"}', JSON_TYPE.replace('json', 'json; Charset="latin1"')),
      415,
      'unsupported_media_type',
    ],
    ['an expectation', post('{}', `${JSON_TYPE}expect: the-unexpected\r\n`), 400, 'invalid_input'],
    ['more bytes than may be', post('{', JSON_TYPE, 2 ** 40), 413, 'body_too_large'],
    ['a percent sign astray', get('/v1/models/%'), 404, 'not_found'],
    ['half a character, percent-encoded', get('/v1/models/%E0%A4%A'), 404, 'not_found'],
    ['NUL, percent-encoded', get('/v1/models/%00'), 404, 'model_not_found'],
    ['a long model name', get(`/v1/models/${'m'.repeat(2_000)}`), 404, 'model_not_found'],
    ['a path out of the documentation', get('/docs/static/..%2f..%2f..%2fpackage.json'), 404, 'not_found'],
    ['a path that is none', get('*'), 404, 'not_found'],
  ];
  for (const [what, bytes, status, code] of refused) {
    it(`${what}: ${status} ${code}, in the envelope`, async () => {
      const answer = await one(bytes);
      assert.equal(answer.status, status, answer.body);
      assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
      assert.equal(problemsOf(JSON.parse(answer.body)), null);
      assert.equal(JSON.parse(answer.body).error.code, code);
    });
  }

  it('a body shorter than its content-length, and then silence: no answer, and nothing is computed', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      setTimeout(() => resolve(''), 200);
      sendRaw(service.url, post('{"input":', JSON_TYPE, 5000), () => true).then(resolve, reject);
    });
    assert.equal(text, '');
  });

  it(`${PIPELINED} pipelined requests are answered in their order, each with its own vector`, async () => {
    const order = Array.from(
      { length: PIPELINED },
      (_, i) => goldenTexts[(i * 7) % 20] as (typeof goldenTexts)[number],
    );
    const bytes = Buffer.concat(order.map(({ text }) => post(JSON.stringify({ input: text }))));
    const answers = parseAnswers(await sendRaw(service.url, bytes, answersAre(PIPELINED)));
    for (const [i, { status, body }] of answers.entries()) {
      assert.equal(status, 200);
      const [first] = JSON.parse(body).data[0].embedding;
      assert.ok(Math.abs(first - (order[i]?.vector[0] as number)) < 2e-6, `answer ${i}`);
    }
  });

  it('garbage behind a request does not garble an answer that has begun', async () => {
    const script = '/docs/static/swagger-ui-bundle.js';
    const whole = await (await fetch(service.url + script)).text();
    let garbage = false;
    const text = await sendWithGarbage();
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    assert.ok(garbage && body.length > 0);
    const wanted = Buffer.from(whole).toString('latin1');
    // Where the answer was out already, the garbage is a request of its own.
    assert.ok(wanted.startsWith(body.slice(0, wanted.length)), 'the script, or a part of it');
    assert.match(body.slice(wanted.length), /^(HTTP\/1\.1 400 [\s\S]*"code":"invalid_input"\}\})?$/);

    async function sendWithGarbage(): Promise<string> {
      const { port, hostname } = new URL(service.url);
      return new Promise((resolve) => {
        let received = '';
        const socket = net.connect(Number(port), hostname, () => socket.write(get(script)));
        socket.setEncoding('latin1').on('data', (chunk: string) => {
          if (!garbage) socket.write('@@@@\r\n\r\n');
          garbage = true;
          received += chunk;
        });
        socket.on('error', () => {}).on('close', () => resolve(received));
      });
    }
  });

  it('a request that does not arrive in time: 408, in the envelope', async () => {
    const stub = await startStubService();
    try {
      stub.app.server.headersTimeout = 100;
      const [answer] = parseAnswers(await sendRaw(stub.url, 'GET /livez HTTP/1.1\r\nhost: ', answersAre(1)));
      assert.equal(answer?.status, 408);
      assert.equal(problemsOf(JSON.parse(answer.body)), null);
    } finally {
      await stub.close();
    }
  });

  it('after all of it the service serves', async () => {
    assert.equal((await service.post('/v1/embeddings', { input: 'x' })).status, 200);
    assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
    assert.doesNotMatch(service.log(), /unexpected error/);
  });
});
