import assert from 'node:assert/strict';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, HotvecError } from '../../../src/errors.ts';
import { errorTable } from '../../../src/http/answers/error-table.ts';
import { BatchClient, batchFolder } from '../../support/batches.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { withKeysFile } from '../door/keys-file.ts';
import { answersAre, parseAnswers, sendRaw } from '../raw-socket.ts';
import { startStubService } from '../stub-service.ts';
import { answerWhileLoading } from './answer-while-loading.ts';

/** In every request; may be in no answer and no log line. */
const PLANTED = 'Geheimnis-4711';
const slowEngine = new URL('../../support/fake-engine-process.js', import.meta.url);

interface Row {
  status: number;
  type: string;
  param: string | null;
  /** null: absent. */
  headers?: Record<string, string | RegExp | null>;
  provoke: () => Promise<Response>;
}

const place = batchFolder();
let small: RunningService;
let slow: RunningService;
const others: { log: () => string; close: () => Promise<void> }[] = [];

const post = (body: unknown, headers?: Record<string, string>) => small.post('/v1/embeddings', body, headers);
const bad = (param: string | null, body: unknown, headers?: Record<string, string>): Row => ({
  status: 400,
  type: 'invalid_request_error',
  param,
  headers: { 'x-should-retry': null, 'retry-after': null },
  provoke: () => post(body, headers),
});
const withoutRetry = { 'x-should-retry': 'false', 'retry-after': null };
const withRetryAfter = {
  'retry-after': /^([1-9]|[12]\d|3[0-9])$/,
  'retry-after-ms': /^\d{3,5}$/,
  'x-should-retry': null,
};

/** What only a broken engine makes: thrown by a stub in the embedder's place. */
async function stubbed(error: Error): Promise<Response> {
  const stub = await startStubService({ embed: () => Promise.reject(error) });
  others.push(stub);
  return fetch(`${stub.url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: PLANTED }),
  });
}

/** Eight tokens each, all different, into an engine that takes its time and a queue for eight: the first answer of this status. */
async function flood(status: number, headers: Record<string, string> = {}): Promise<Response> {
  const requests = Array.from({ length: 5 }, (_, i) =>
    slow.post('/v1/embeddings', { input: [1, 2, 3, 4, 5, 6, 7, i], token_ids: 'as_is' }, headers),
  );
  const answers = await Promise.all(requests);
  return answers.find((answer) => answer.status === status) ?? (answers[0] as Response);
}

const table: Record<ErrorCode, Row> = {
  invalid_json: bad(null, `{"input": "${PLANTED}"`),
  invalid_input: bad('input[1]', { input: [PLANTED, { [PLANTED]: PLANTED }] }),
  empty_input: bad('input[1]', { input: [PLANTED, ''] }),
  input_too_long: bad('input', { input: `${PLANTED} `.repeat(20) }),
  too_many_inputs: bad('input', { input: Array(5).fill(PLANTED) }),
  too_many_tokens: bad(null, { input: Array(4).fill(PLANTED) }),
  invalid_token_id: bad('input[0]', { input: [[100_277]] }),
  invalid_dimensions: bad('dimensions', { input: PLANTED, dimensions: 257 }),
  invalid_encoding_format: bad('encoding_format', { input: PLANTED, encoding_format: PLANTED }),
  unknown_field: bad('body', { input: PLANTED, [`${PLANTED} \n`]: 1 }),
  invalid_api_key: {
    status: 401,
    type: 'authentication_error',
    param: null,
    headers: { connection: 'close', 'www-authenticate': 'Bearer realm="hotvec"' },
    provoke: () => slow.post('/v1/embeddings', { input: PLANTED }),
  },
  host_not_allowed: {
    status: 403,
    type: 'permission_error',
    param: 'host',
    headers: { connection: 'close' },
    provoke: async () => {
      const request = `GET /v1/models?q=${PLANTED} HTTP/1.1\r\nhost: ${PLANTED}.example\r\n\r\n`;
      const [answer] = parseAnswers(await sendRaw(small.url, request, answersAre(1)));
      assert.ok(answer !== undefined);
      return new Response(answer.body, answer);
    },
  },
  origin_not_allowed: {
    status: 403,
    type: 'permission_error',
    param: 'origin',
    headers: { connection: 'close' },
    provoke: () =>
      fetch(`${small.url}/v1/embeddings?q=${PLANTED}`, {
        method: 'OPTIONS',
        headers: { origin: `https://${PLANTED}.example`, 'access-control-request-method': 'POST' },
      }),
  },
  model_not_found: {
    status: 404,
    type: 'invalid_request_error',
    param: 'model',
    provoke: () => post({ input: PLANTED, model: PLANTED }),
  },
  file_not_found: {
    status: 404,
    type: 'invalid_request_error',
    param: 'file_id',
    provoke: () => fetch(`${small.url}/v1/files/${PLANTED}`),
  },
  batch_not_found: {
    status: 404,
    type: 'invalid_request_error',
    param: 'batch_id',
    provoke: () => fetch(`${small.url}/v1/batches/${PLANTED}`),
  },
  not_found: {
    status: 404,
    type: 'invalid_request_error',
    param: null,
    provoke: () => small.post(`/v1/${PLANTED}?q=${PLANTED}`, { input: PLANTED }),
  },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request_error',
    param: null,
    headers: { allow: 'POST', connection: 'close' },
    provoke: () => fetch(`${small.url}/v1/embeddings?q=${PLANTED}`),
  },
  fingerprint_mismatch: {
    status: 409,
    type: 'invalid_request_error',
    param: 'x-expect-fingerprint',
    headers: withoutRetry,
    provoke: () => post({ input: PLANTED }, { 'x-expect-fingerprint': PLANTED }),
  },
  state_conflict: {
    status: 409,
    type: 'invalid_request_error',
    param: 'batch_id',
    headers: withoutRetry,
    provoke: async () => {
      const client = new BatchClient(small.url);
      const { id } = await client.until((await client.begin([PLANTED])).id);
      return client.ask('POST', `/v1/batches/${id}/cancel`);
    },
  },
  body_too_large: {
    status: 413,
    type: 'invalid_request_error',
    param: null,
    headers: { connection: 'close' },
    provoke: () => post({ input: PLANTED.repeat(400) }),
  },
  body_too_slow: {
    status: 408,
    type: 'invalid_request_error',
    param: null,
    headers: { connection: 'close' },
    provoke: async () => {
      const stub = await startStubService({ patience: { receiveMs: 50 } });
      others.push(stub);
      const begun = Buffer.from(JSON.stringify({ input: PLANTED.repeat(30_000) }));
      return fetch(`${stub.url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new ReadableStream({ start: (controller) => controller.enqueue(begun) }),
        duplex: 'half',
      });
    },
  },
  unsupported_media_type: {
    status: 415,
    type: 'invalid_request_error',
    param: null,
    headers: { connection: 'close' },
    provoke: () => post({ input: PLANTED }, { 'content-encoding': 'gzip' }),
  },
  overloaded: {
    status: 429,
    type: 'rate_limit_error',
    param: null,
    headers: withRetryAfter,
    provoke: () => flood(429, { authorization: 'Bearer key-of-one' }),
  },
  key_share_exceeded: {
    status: 429,
    type: 'rate_limit_error',
    param: null,
    headers: withRetryAfter,
    provoke: async () => {
      // Another key keeps the queue from being this key's alone; its own share is full before the queue is.
      const shared = await startSlow({ keyShare: 0.25, maxQueueTokens: 40 });
      const previous = slow;
      slow = shared;
      const answer = await flood(429, { authorization: 'Bearer key-of-one' });
      slow = previous;
      return answer;
    },
  },
  insufficient_storage: {
    status: 507,
    type: 'server_error',
    param: null,
    headers: { ...withoutRetry, connection: 'close' },
    provoke: async () => {
      const client = new BatchClient(small.url);
      await client.post(PLANTED.repeat(100_000));
      return client.post(PLANTED.repeat(100_000));
    },
  },
  non_finite_output: {
    status: 500,
    type: 'server_error',
    param: null,
    headers: withoutRetry,
    provoke: () => stubbed(new HotvecError('non_finite_output', 'The model produced a vector with no direction.')),
  },
  inference_failed: {
    status: 500,
    type: 'server_error',
    param: null,
    headers: withoutRetry,
    provoke: () => stubbed(new HotvecError('inference_failed', 'It failed.', { cause: new Error('node Gather_7') })),
  },
  internal_error: {
    status: 500,
    type: 'server_error',
    param: null,
    headers: { 'x-should-retry': null },
    provoke: () => stubbed(new TypeError(`cannot read ${PLANTED}\n    at the second line of ${PLANTED}`)),
  },
  not_ready: {
    status: 503,
    type: 'service_unavailable_error',
    param: null,
    headers: withRetryAfter,
    provoke: () => answerWhileLoading({ input: PLANTED }, (service) => others.push(service)),
  },
  draining: {
    status: 503,
    type: 'service_unavailable_error',
    param: null,
    headers: { ...withRetryAfter, connection: 'close' },
    provoke: async () => {
      const service = await startService({ drainDelayMs: 1000 }, slowEngine);
      others.push(service);
      void service.close();
      return fetch(`${service.url}/readyz`);
    },
  },
  engine_restarting: {
    status: 503,
    type: 'service_unavailable_error',
    param: null,
    headers: withRetryAfter,
    provoke: async () => {
      const service = await startService({}, slowEngine);
      others.push(service);
      process.kill(service.engineProcessId() as number, 'SIGKILL');
      await until(async () => !(await fetch(`${service.url}/readyz`)).ok);
      return service.post('/v1/embeddings', { input: PLANTED });
    },
  },
  deadline_exceeded: {
    status: 504,
    type: 'timeout_error',
    param: null,
    headers: { 'retry-after': null },
    provoke: () =>
      slow.post('/v1/embeddings', { input: PLANTED }, { 'x-deadline-ms': '20', authorization: 'Bearer key-of-one' }),
  },
  client_closed_request: {
    status: 499,
    type: 'client_closed_request',
    param: null,
    provoke: () => Promise.reject(new Error('nobody is there to read it')),
  },
};

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > giveUp) throw new Error('it did not happen');
    await sleep(2);
  }
}

function startSlow(settings: object): Promise<RunningService> {
  return withKeysFile({ one: 'key-of-one', two: 'key-of-two' }, async (apiKeysFile) => {
    process.env.FAKE_ENGINE = JSON.stringify({ batchMs: 400 });
    const service = await startService({ apiKeysFile, maxBatchTokens: 8, ...settings }, slowEngine);
    delete process.env.FAKE_ENGINE;
    others.push(service);
    return service;
  });
}

describe('Every error code', () => {
  before(async () => {
    const batches = { batchDir: place.folder, batchMaxStoredBytes: 2 ** 20 };
    small = await startService({
      maxInputs: 4,
      maxInputTokens: 16,
      maxRequestTokens: 24,
      maxBodyBytes: 4096,
      ...batches,
    });
    others.push(small);
    slow = await startSlow({ maxQueueTokens: 8 });
  });
  after(async () => {
    for (const service of others) await service.close();
    place.remove();
  });

  for (const [code, row] of Object.entries(table).filter(([name]) => name !== 'client_closed_request')) {
    it(`${code}: ${row.status}, in the OpenAI envelope, without an echo`, async () => {
      const response = await row.provoke();
      const text = await response.text();
      assert.equal(response.status, row.status, text);
      assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.match(response.headers.get('x-request-id') ?? '', /^[\w.-]{1,64}$/);
      for (const [name, value] of Object.entries(row.headers ?? {})) {
        const actual = response.headers.get(name);
        if (value instanceof RegExp) assert.match(String(actual), value, name);
        else assert.equal(actual, value, name);
      }
      const { error, ...rest } = JSON.parse(text);
      // Probes also report the state of the service.
      const isProbe = response.url.endsWith('/readyz');
      assert.deepEqual(Object.keys(rest), isProbe ? ['status', 'engine', 'draining', 'uptime_seconds'] : []);
      const { message, ...fields } = error;
      assert.deepEqual(fields, { type: row.type, param: row.param, code });
      assert.match(message, /^.{8,}\.$/s);
      assert.ok(!text.includes(PLANTED), text);
    });
  }

  it('client_closed_request: cancelled, and reported in the log alone', async () => {
    const abort = new AbortController();
    const request = fetch(`${slow.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer key-of-two' },
      body: JSON.stringify({ input: PLANTED }),
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(), 100);
    await assert.rejects(request);
    const line = /"status":499,.*"code":"client_closed_request","key":"two","aborted":true/;
    await until(() => line.test(slow.log()));
    const metrics = await fetch(`${slow.url}/metrics`, { headers: { authorization: 'Bearer key-of-two' } });
    assert.match(await metrics.text(), /^hotvec_cancelled_total\{phase="\w+"\} 1$/m);
  });

  it('the table has every code, and says what the service says', () => {
    assert.deepEqual(Object.keys(table).sort(), Object.keys(errorTable).sort());
    for (const [code, { status, type }] of Object.entries(table)) {
      assert.deepEqual(
        [errorTable[code as ErrorCode].status, errorTable[code as ErrorCode].type],
        [status, type],
        code,
      );
    }
  });

  it('no log line holds what the requests brought', () => {
    assert.ok(others.length >= 8);
    for (const { log } of others) assert.ok(!log().includes(PLANTED), log());
  });
});
