import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { LARGE_BODY_BYTES } from '../../../src/http/body/large-bodies.ts';
import { extent } from '../../soak/extent.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { until } from '../../support/supervised-engine.ts';
import { errorOf } from '../answers.ts';
import { type StubService, startStubService } from '../stub-service.ts';
import { anyBody } from './arbitrary-body.ts';

const dyingWorker = new URL('../../support/dying-body-worker.js', import.meta.url);
const SPACE = Buffer.alloc(LARGE_BODY_BYTES + 1, ' ');
const BODIES = extent(60, 4_000);
const headers = { 'content-type': 'application/json' };

/** The same JSON, with so much white space that a worker thread reads it. */
function enlarged(body: Buffer): Buffer {
  // A byte order mark must come first.
  return body[0] === 0xef ? Buffer.concat([body, SPACE]) : Buffer.concat([SPACE, body]);
}

async function post(url: string, path: string, body: Buffer | string): Promise<Response> {
  return fetch(url + path, { method: 'POST', headers, body });
}

describe('A body that a worker thread reads', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ maxInputs: 8, maxInputTokens: 64, maxRequestTokens: 256 });
  });
  after(() => service.close());

  /** Status, headers and body of an answer, without what differs from request to request. */
  async function answerTo(path: string, body: Buffer): Promise<unknown> {
    const response = await post(service.url, path, body);
    const volatile = ['date', 'x-request-id', 'server-timing', 'openai-processing-ms', 'content-length'];
    const kept = [...response.headers].filter(([name]) => !volatile.includes(name));
    return { status: response.status, headers: Object.fromEntries(kept), body: await response.text() };
  }

  it(`gets the answer of one that is read at once: ${BODIES} JSON bodies, valid and not`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('/v1/embeddings', '/v1/similarity'), anyBody, async (path, text) => {
        const body = Buffer.from(text);
        if (body.length > LARGE_BODY_BYTES) return;
        assert.deepEqual(await answerTo(path, enlarged(body)), await answerTo(path, body));
      }),
      { numRuns: BODIES, seed: 20_261_124 },
    );
  });

  const bodies: Record<string, Buffer | string> = {
    nothing: '',
    'a byte order mark': '\ufeff{"input":"a"}',
    'no UTF-8': Buffer.from('7b22696e707574223a22c3287d', 'hex'),
    'half a surrogate pair': Buffer.from('7b22696e707574223a22eda080227d', 'hex'),
    'half a surrogate pair, escaped': '{"input":["a","\\ud800"]}',
    'UTF-16': Buffer.from('{"input":"x"}', 'utf16le'),
    'a prototype': '{"input":"a","__proto__":{"dimensions":32}}',
    'a prototype, escaped': '{"input":"a","\\u005f_proto__":{"dimensions":32}}',
    'a constructor with a prototype': '{"input":"a","constructor":{"prototype":{}}}',
    'a field twice: the last counts': '{"input":"a","dimensions":7,"dimensions":32}',
    'a field twice, and then absent': '{"input":"a","dimensions":7,"dimensions":null}',
    'null for absent': '{"input":"a","dimensions":null,"model":null,"user":null}',
    'token ids': '{"input":[1,2,3],"token_ids":"as_is"}',
    'lists of token ids': '{"input":[[1,2,3],[4],[1,2,3]],"encoding_format":"base64","token_ids":"as_is"}',
    'token ids of another tokenizer': '{"input":[[1],[100277]]}',
    'a token id that is a number that is too large': '{"input":[1,9007199254740993]}',
    'an infinite token id': '{"input":[1e999]}',
    'half a token id': '{"input":[1.5]}',
    'too many token ids': `{"input":[${'1,'.repeat(99)}1]}`,
    'token ids to be cut': `{"input":[${'1,'.repeat(99)}1],"truncate":"end","token_ids":"as_is"}`,
    'deep nesting': `{"input":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    'something behind it': '{"input":"a"} x',
  };
  for (const [what, body] of Object.entries(bodies)) {
    it(`the same: ${what}`, async () => {
      const bytes = Buffer.from(body as string);
      assert.deepEqual(await answerTo('/v1/embeddings', enlarged(bytes)), await answerTo('/v1/embeddings', bytes));
    });
  }

  it('is refused at the same limits, and when the route does not exist', async () => {
    const limited = await startService({ maxBodyBytes: 2 * LARGE_BODY_BYTES });
    const tooLarge = await post(limited.url, '/v1/embeddings', Buffer.concat([SPACE, SPACE]));
    assert.deepEqual([tooLarge.status, tooLarge.headers.get('connection')], [413, 'close']);
    assert.equal((await post(limited.url, '/v1/nothing', enlarged(Buffer.from('{}')))).status, 404);
    await limited.close();
  });
});

describe('The worker thread that reads large bodies', () => {
  let stub: StubService;
  before(async () => {
    stub = await startStubService({
      bodyWorkerEntry: dyingWorker,
      config: { maxBodyBytes: 2 * LARGE_BODY_BYTES },
    });
  });
  after(() => stub.close());

  const large = (input: string) => enlarged(Buffer.from(JSON.stringify({ input })));
  const statusOf = async (input: string) => (await post(stub.url, '/v1/embeddings', large(input))).status;

  it('fails the body over which it dies with 500, and no other: waiting, small or later', async () => {
    const [dying, small, ...waiting] = await Promise.all([
      post(stub.url, '/v1/embeddings', large('die')),
      post(stub.url, '/v1/embeddings', JSON.stringify({ input: 'die' })),
      statusOf('a'),
      statusOf('b'),
    ]);
    assert.equal(dying.status, 500);
    assert.equal((await errorOf(dying)).code, 'internal_error');
    assert.equal(small.status, 200, 'a small body is read elsewhere');
    assert.deepEqual(waiting, [200, 200]);
    assert.equal(await statusOf('later'), 200);
  });

  it('fails large bodies with 500 where it cannot start, and small ones not', async () => {
    const broken = await startStubService({
      bodyWorkerEntry: new URL('./there-is-no-such-worker.js', import.meta.url),
    });
    for (let i = 0; i < 3; i++) {
      const both = await Promise.all([large('a'), large('b')].map((body) => post(broken.url, '/v1/embeddings', body)));
      assert.deepEqual(
        both.map(({ status }) => status),
        [500, 500],
      );
      assert.equal((await post(broken.url, '/v1/embeddings', '{"input":"small"}')).status, 200);
    }
    await broken.close();
  });

  it('drops a body whose client has left, and reads the next', async () => {
    const calls = stub.embedCalls();
    const abort = new AbortController();
    const gone = fetch(`${stub.url}/v1/embeddings`, {
      method: 'POST',
      headers,
      body: large('slow'),
      signal: abort.signal,
    });
    await sleep(100);
    abort.abort();
    await assert.rejects(gone);
    assert.equal(await statusOf('next'), 200);
    await until(() => stub.log().includes('"aborted":true'));
    assert.equal(stub.embedCalls(), calls + 1);
  });

  it('is asked one body at a time, and all are answered: 40 at once, in chunks or whole', async () => {
    const bodies = Array.from({ length: 40 }, (_, i) => large(`text ${i}`));
    const statuses = await Promise.all(
      bodies.map(async (body, i) => {
        for (;;) {
          const chunked = new Response(body).body as ReadableStream;
          const options = i % 2 === 0 ? { body } : { body: chunked, duplex: 'half' as const };
          const { status } = await fetch(`${stub.url}/v1/embeddings`, { method: 'POST', headers, ...options });
          if (status !== 429) return status;
          await sleep(20);
        }
      }),
    );
    assert.deepEqual(new Set(statuses), new Set([200]));
  });
});
