import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningService, startService } from '../../support/running-service.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../../support/supervised-engine.ts';
import { answersAre, parseAnswers, sendRaw } from '../raw-socket.ts';

const LIMITS = { maxInputs: 4, maxInputTokens: 16, maxRequestTokens: 40, maxBodyBytes: 4_096 };
/** Without the prompt for queries, which alone is longer than an input may be here. */
const plain = { query_input_type: 'document' };
const ids = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const spaced = (body: string, bytes: number) => body + ' '.repeat(bytes - Buffer.byteLength(body));

describe('Every limit holds to the unit', () => {
  let service: RunningService;
  before(async () => {
    service = await startService(LIMITS);
  });
  after(() => service.close());

  const outcome = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await service.post(path, body, headers);
    const text = await response.text();
    return response.status === 200 ? '200' : `${response.status} ${JSON.parse(text).error.code}`;
  };
  // Any numbers are token ids here: how many they are is what counts.
  const embeddings = (body: unknown, headers?: Record<string, string>) =>
    outcome('/v1/embeddings', body, { 'x-token-ids': 'as_is', ...headers });
  const texts = (count: number) => Array.from({ length: count }, (_, i) => `text ${i}`);
  const padding = Buffer.byteLength(JSON.stringify({ input: '' }));

  const cases: [limit: string, within: () => Promise<string>, beyond: () => Promise<string>, refusal: string][] = [
    ['inputs', () => embeddings({ input: texts(4) }), () => embeddings({ input: texts(5) }), '400 too_many_inputs'],
    [
      'inputs of token ids',
      () => embeddings({ input: [[1], [2], [3], [4]] }),
      () => embeddings({ input: [[1], [2], [3], [4], [5]] }),
      '400 too_many_inputs',
    ],
    [
      'queries and documents',
      () => outcome('/v1/similarity', { ...plain, queries: texts(2), documents: texts(2) }),
      () => outcome('/v1/similarity', { ...plain, queries: texts(2), documents: texts(3) }),
      '400 too_many_inputs',
    ],
    [
      'tokens of an input',
      () => embeddings({ input: ids(16) }),
      () => embeddings({ input: ids(17) }),
      '400 input_too_long',
    ],
    [
      'tokens of an input in a list',
      () => embeddings({ input: [ids(16), [1]] }),
      () => embeddings({ input: [[1], ids(17)] }),
      '400 input_too_long',
    ],
    [
      'tokens of a request',
      () => embeddings({ input: [ids(16), ids(16), ids(8)] }),
      () => embeddings({ input: [ids(16), ids(16), ids(9)] }),
      '400 too_many_tokens',
    ],
    [
      'the smallest dimensions',
      () => embeddings({ input: 'a', dimensions: 32 }),
      () => embeddings({ input: 'a', dimensions: 31 }),
      '400 invalid_dimensions',
    ],
    [
      'the largest dimensions',
      () => embeddings({ input: 'a', dimensions: 256 }),
      () => embeddings({ input: 'a', dimensions: 257 }),
      '400 invalid_dimensions',
    ],
    [
      'token ids, from below',
      () => embeddings({ input: [0] }),
      () => embeddings({ input: [-1] }),
      '400 invalid_token_id',
    ],
    [
      'body bytes',
      () => embeddings(spaced('{"input":"a"}', 4_096)),
      () => embeddings(spaced('{"input":"a"}', 4_097)),
      '413 body_too_large',
    ],
    [
      'milliseconds of a deadline',
      () => embeddings({ input: 'a' }, { 'x-deadline-ms': '999999999' }),
      () => embeddings({ input: 'a' }, { 'x-deadline-ms': '1000000000' }),
      '400 invalid_input',
    ],
    [
      'the least deadline',
      async () => '200',
      () => embeddings({ input: 'a' }, { 'x-deadline-ms': '0' }),
      '400 invalid_input',
    ],
    ['an empty input', () => embeddings({ input: 'a' }), () => embeddings({ input: '' }), '400 empty_input'],
    ['no inputs', () => embeddings({ input: ['a'] }), () => embeddings({ input: [] }), '400 empty_input'],
    [
      'top_k',
      () => outcome('/v1/similarity', { ...plain, queries: 'a', documents: 'b', top_k: 1 }),
      () => outcome('/v1/similarity', { ...plain, queries: 'a', documents: 'b', top_k: 0 }),
      '400 invalid_input',
    ],
    // Four results of 1,024 characters are the 4,096 that a body may have.
    ['characters repeated in results', () => repeat(1_024), () => repeat(1_025), '400 invalid_input'],
  ];
  const repeat = (length: number) =>
    outcome('/v1/similarity', {
      ...plain,
      queries: ['a', 'b'],
      documents: ['c'.repeat(length), 'd'.repeat(length)],
      top_k: 2,
      return_documents: true,
      truncate: 'end',
    });
  for (const [limit, within, beyond, refusal] of cases) {
    it(`${limit}: served at the limit, ${refusal} one beyond`, async () => {
      assert.equal(await within(), '200');
      assert.equal(await beyond(), refusal);
    });
  }

  it('the vocabulary: its last token is served, the next is refused', async () => {
    const [{ vocabulary_size: size }] = (
      (await (await fetch(`${service.url}/v1/models`)).json()) as { data: [{ vocabulary_size: number }] }
    ).data;
    assert.equal(await embeddings({ input: [size - 1] }), '200');
    assert.equal(await embeddings({ input: [size] }), '400 invalid_token_id');
  });

  it('body bytes, in chunks: as by their length', async () => {
    const statusOf = async (bytes: number) => {
      const head =
        'POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
      const body = spaced('{"input":"a"}', bytes);
      const chunks = [body.slice(0, 1_000), body.slice(1_000)].map(
        (chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`,
      );
      return parseAnswers(await sendRaw(service.url, `${head}${chunks.join('')}0\r\n\r\n`, answersAre(1)))[0]?.status;
    };
    assert.deepEqual([await statusOf(4_096), await statusOf(4_097)], [200, 413]);
  });

  it('characters of a request id: 64 are kept, 65 are replaced', async () => {
    const idFor = async (id: string) =>
      (await fetch(`${service.url}/livez`, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    assert.equal(await idFor('i'.repeat(64)), 'i'.repeat(64));
    assert.match((await idFor('i'.repeat(65))) ?? '', /^[0-9a-f-]{36}$/);
  });

  it('the text of an input: as many tokens as may be, special ones included, and one more', async () => {
    const tokensOf = async (text: string) => {
      const response = await service.post('/v1/embeddings', { input: text });
      return ((await response.json()) as { usage?: { prompt_tokens: number } }).usage?.prompt_tokens;
    };
    let text = 'a';
    while ((await tokensOf(text)) !== undefined && Buffer.byteLength(text) < 1_000 - padding) text += ' a';
    assert.equal(await tokensOf(text.slice(0, -2)), 16);
    assert.equal(await embeddings({ input: text }), '400 input_too_long');
  });
});

describe('The queue', () => {
  it('takes MAX_QUEUE_TOKENS that wait, and not one more', async () => {
    // The first batch is never done.
    scriptFakeEngine({ batchMs: 60_000 });
    const settings = { maxBatchTokens: 8, maxQueueTokens: 24, maxRequestTokens: 24, drainMs: 0 };
    const service = await startService(settings, fakeEngineEntry);
    const waiting = async () => {
      const metrics = await (await fetch(`${service.url}/metrics`)).text();
      return Number(/^hotvec_queue_tokens\{[^}]*\} (\d+)$/m.exec(metrics)?.[1]);
    };
    const sent: Promise<Response>[] = [];
    let next = 1;
    const send = (count: number) => {
      const input = Array.from({ length: count }, () => next++);
      const answer = service.post('/v1/embeddings', { input, token_ids: 'as_is' });
      sent.push(answer);
      return answer;
    };
    // Some tokens are taken into batches; those that follow wait.
    void send(8);
    void send(8);
    void send(8);
    await until(async () => (await waiting()) > 0);
    await sleep(100);
    const left = 24 - (await waiting());
    void send(left);
    await until(async () => (await waiting()) === 24);
    const beyond = await send(1);
    assert.equal(beyond.status, 429);
    assert.equal(((await beyond.json()) as { error: { code: string } }).error.code, 'overloaded');
    assert.equal(await waiting(), 24);
    await service.close();
    await Promise.all(sent);
  });
});
