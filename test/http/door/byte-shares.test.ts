import assert from 'node:assert/strict';
import net from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { heldBytes } from '../../support/read-metrics.ts';
import { until } from '../../support/supervised-engine.ts';
import { answersAre, collect, parseAnswers } from '../raw-socket.ts';
import { type StubOptions, type StubService, startStubService } from '../stub-service.ts';

const KIBIBYTE = 1024;
const LIMIT = 8 * KIBIBYTE * KIBIBYTE;
const PIECE = 255 * KIBIBYTE;
/** Some twice as many as fit. */
const BODIES = 64;
const config = { maxBodyBytes: 512 * KIBIBYTE, maxInflightBytes: LIMIT };

describe('The bytes that one client may hold', () => {
  let stub: StubService;
  let sockets: net.Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    await stub.close();
  });

  /** Sends the head of a request, and so much of its body. Collects what is answered. */
  function begin(head: string, body: string, localAddress = '127.0.0.1') {
    const port = Number(new URL(stub.url).port);
    const socket = net.connect({ port, host: '127.0.0.1', localAddress });
    const answer = collect(socket);
    socket.write(
      `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${head}\r\n${body}`,
    );
    sockets.push(socket);
    return { socket, answer };
  }
  const statusOf = async (one: ReturnType<typeof begin>) => {
    await until(() => answersAre(1)(one.answer()));
    return parseAnswers(one.answer())[0] as ReturnType<typeof parseAnswers>[0];
  };
  const silent = `content-length: ${PIECE + 1024}\r\n`;
  const whole = (headers = '') => {
    const body = `{"input":"a"}${' '.repeat(400 * KIBIBYTE)}`;
    return [`${headers}content-length: ${body.length}\r\n`, body] as const;
  };

  it('are a share: a key with many bodies that do not go on keeps no other key out (it did for 55 s)', async () => {
    stub = await startStubService({ config, keys: { one: 'first', two: 'second' } });
    const first = 'authorization: Bearer first\r\n';
    const many = Array.from({ length: BODIES }, () => begin(first + silent, ' '.repeat(PIECE)));
    const asSecond = { authorization: 'Bearer second' };
    await until(() => many.filter(({ answer }) => answersAre(1)(answer())).length >= BODIES - LIMIT / PIECE);
    const held = await heldBytes(stub.url, asSecond);
    assert.ok(held <= 0.9 * LIMIT && held > 0.5 * LIMIT, `${held}`);
    const [refused] = many.filter(({ answer }) => answer() !== '').map(({ answer }) => parseAnswers(answer())[0]);
    assert.equal(refused?.status, 429);
    assert.equal(JSON.parse(refused?.body ?? '').error.code, 'key_share_exceeded');
    // Nothing moves: the bodies will be given up, and not before.
    assert.ok(Number(refused?.headers['retry-after']) >= 1);
    assert.equal((await statusOf(begin(...whole('authorization: Bearer second\r\n')))).status, 200);
  });

  it('are a share of each address where there are no keys', async () => {
    stub = await startStubService({ config });
    const many = Array.from({ length: BODIES }, () => begin(silent, ' '.repeat(PIECE), '127.0.0.2'));
    await until(() => many.filter(({ answer }) => answersAre(1)(answer())).length >= BODIES - LIMIT / PIECE);
    const [refused] = many.filter(({ answer }) => answer() !== '').map(({ answer }) => parseAnswers(answer())[0]);
    assert.deepEqual([refused?.status, JSON.parse(refused?.body ?? '').error.code], [429, 'overloaded']);
    assert.match(refused?.body ?? '', /of your address/);
    assert.equal((await statusOf(begin(...whole()))).status, 200);
  });

  for (const [what, head, first, more] of [
    ['of a length', `content-length: ${200 * KIBIBYTE}\r\n`, ' '.repeat(100 * KIBIBYTE), ' '],
    ['in chunks', 'transfer-encoding: chunked\r\n', `6400\r\n${' '.repeat(0x6400)}\r\n`, '1\r\n \r\n'],
  ] as const) {
    it(`do not stay: a small body ${what} that goes on a byte now and then gets 408 (it had a minute)`, async () => {
      stub = await startStubService({ config, patience: { receiveMs: 300 } });
      const slow = begin(head, first);
      const drip = setInterval(() => slow.socket.write(more), 50);
      const { status, body } = await statusOf(slow);
      clearInterval(drip);
      assert.deepEqual([status, JSON.parse(body).error.code], [408, 'body_too_slow']);
      await until(async () => (await heldBytes(stub.url)) === 0);
    });
  }

  it('are not spent on an unwanted body: an unknown path is refused before its body arrives', async () => {
    stub = await startStubService({ config });
    const socket = net.connect(Number(new URL(stub.url).port), '127.0.0.1');
    sockets.push(socket);
    const answer = collect(socket);
    socket.write(
      `POST /nothing HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${400 * KIBIBYTE}\r\n\r\n{`,
    );
    await until(() => answersAre(1)(answer()));
    assert.equal(parseAnswers(answer())[0]?.status, 404);
  });

  it('come in any pieces: a body in chunks of a byte each is read as it is', async () => {
    stub = await startStubService({ config });
    const body = `{"input":"a${'b'.repeat(40_000)}c"}`;
    const chunks = [...body].map((byte) => `1\r\n${byte}\r\n`).join('');
    assert.equal((await statusOf(begin('transfer-encoding: chunked\r\n', `${chunks}0\r\n\r\n`))).status, 200);
  });
});

describe('The bytes of answers', () => {
  let stub: StubService;
  let letThemAnswer = () => {};
  afterEach(() => stub.close());

  const start = async (options: StubOptions = {}) => {
    const mayAnswer = new Promise<void>((resolve) => {
      letThemAnswer = resolve;
    });
    const embed = () => mayAnswer.then(() => undefined) as Promise<never>;
    const small = { maxBodyBytes: 64 * KIBIBYTE, maxInflightBytes: KIBIBYTE * KIBIBYTE };
    stub = await startStubService({ embed, ...options, config: { ...small, ...options.config } });
  };
  const post = (path: string, body: object) =>
    fetch(stub.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const input = Array(2_000).fill('a');

  for (const [path, body] of [
    ['/v1/embeddings', { input }],
    ['/embed', { inputs: input }],
    ['/api/embed', { model: 'stub', input }],
    ['/v2/embed', { model: 'stub', texts: input, input_type: 'search_document', embedding_types: ['float', 'int8'] }],
    ['/v1/similarity', { queries: input.slice(0, 20), documents: input.slice(0, 1_000) }],
  ] as const) {
    it(`of ${path} are counted before they are computed: a request whose answer does not fit is refused, not computed`, async () => {
      await start();
      const accepted = [post(path, body)];
      await until(() => stub.embedCalls() === accepted.length);
      const each = await heldBytes(stub.url);
      assert.ok(each > 200 * KIBIBYTE, `${each}`);
      for (let held = each; held + each <= 0.9 * KIBIBYTE * KIBIBYTE; held += each) {
        accepted.push(post(path, body));
        await until(() => stub.embedCalls() === accepted.length);
      }
      const refused = await post(path, body);
      assert.equal(refused.status, 429);
      assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
      assert.equal(stub.embedCalls(), accepted.length);
      assert.ok((await heldBytes(stub.url)) <= KIBIBYTE * KIBIBYTE);
      letThemAnswer();
      for (const answer of await Promise.all(accepted)) {
        assert.equal(answer.status, 200);
        assert.ok((await answer.arrayBuffer()).byteLength <= each);
      }
      await until(async () => (await heldBytes(stub.url)) === 0);
    });
  }

  it('that can never fit are refused by name, and base64 takes less', async () => {
    await start({ config: { maxInflightBytes: 300 * KIBIBYTE } });
    letThemAnswer();
    const response = await post('/v1/embeddings', { input });
    assert.equal(response.status, 400);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    assert.equal(error.code, 'too_many_inputs');
    assert.match(error.message, /The response could take \d+ bytes; the server can hold 307200 at a time/);
    assert.equal((await post('/v1/embeddings', { input: input.slice(0, 500), encoding_format: 'base64' })).status, 200);
  });

  for (const path of ['/openapi.json', '/openapi.yaml', '/docs/json', '/docs/static/swagger-ui.css', '/metrics']) {
    it(`are counted of every route: ${path}, unread`, async () => {
      await start({ config: { maxInflightBytes: 64 * KIBIBYTE * KIBIBYTE } });
      const bytes = (await (await fetch(stub.url + path)).arrayBuffer()).byteLength;
      const socket = net.connect(Number(new URL(stub.url).port), '127.0.0.1').on('error', () => {});
      socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`.repeat(1_500));
      await until(async () => (await heldBytes(stub.url)) >= bytes / 2);
      await sleep(50);
      assert.ok((await heldBytes(stub.url)) <= 5 * bytes, 'a few of them');
      socket.destroy();
      await until(async () => (await heldBytes(stub.url)) === 0);
    });
  }
});
