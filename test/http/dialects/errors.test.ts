import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ErrorCode, HotvecError } from '../../../src/errors.ts';
import { errorTable, publicErrorCodes } from '../../../src/http/answers/error-table.ts';
import type { Config } from '../../../src/settings/config.ts';
import { type Asked, buildStubApp, type StubApp } from '../stub-service.ts';

type Dialect = Exclude<Config['dialects'][number], 'none'>;
/** In every request; may be in no answer. */
const PLANTED = 'Geheimnis-4711';
const ID = 'the-id-of-this-request';

interface Case {
  dialect: Dialect;
  path: string;
  body: Record<string, unknown>;
  /** Field of a text. */
  text: string;
}

const cases: Case[] = [
  { dialect: 'tei', path: '/rerank', body: { query: PLANTED, texts: [PLANTED] }, text: 'texts' },
  {
    dialect: 'cohere',
    path: '/v2/rerank',
    body: { model: 'stub-reranker', query: PLANTED, documents: [PLANTED] },
    text: 'documents',
  },
  { dialect: 'tei', path: '/embed', body: { inputs: PLANTED }, text: 'inputs' },
  { dialect: 'tei', path: '/', body: { inputs: PLANTED }, text: 'inputs' },
  {
    dialect: 'tei',
    path: '/similarity',
    body: { inputs: { source_sentence: PLANTED, sentences: [PLANTED] } },
    text: 'inputs',
  },
  { dialect: 'tei', path: '/embed_all', body: { inputs: PLANTED }, text: 'inputs' },
  { dialect: 'tei', path: '/vertex', body: { instances: [{ inputs: PLANTED }] }, text: 'instances' },
  { dialect: 'ollama', path: '/api/embed', body: { model: 'stub', input: PLANTED }, text: 'input' },
  { dialect: 'ollama', path: '/api/embeddings', body: { model: 'stub', prompt: PLANTED }, text: 'prompt' },
  {
    dialect: 'cohere',
    path: '/v2/embed',
    body: { model: 'stub', texts: [PLANTED], input_type: 'search_document' },
    text: 'texts',
  },
  { dialect: 'cohere', path: '/v1/embed', body: { model: 'stub', texts: [PLANTED] }, text: 'texts' },
];

/** [status, error_type] of text-embeddings-inference, where it is not hotvec's status and `Validation`. */
const inTei: Partial<Record<ErrorCode, [number, string]>> = {
  empty_input: [400, 'Empty'],
  invalid_input: [422, 'Validation'],
  unknown_field: [422, 'Validation'],
  invalid_dimensions: [422, 'Validation'],
  invalid_token_id: [422, 'Tokenizer'],
  input_too_long: [422, 'Validation'],
  // The route is there, and no model that can do it.
  not_found: [424, 'Backend'],
  too_many_inputs: [422, 'Validation'],
  too_many_tokens: [422, 'Validation'],
  overloaded: [429, 'Overloaded'],
  key_share_exceeded: [429, 'Overloaded'],
  non_finite_output: [424, 'Backend'],
  inference_failed: [424, 'Backend'],
  internal_error: [500, 'Backend'],
  deadline_exceeded: [504, 'Backend'],
  not_ready: [503, 'Unhealthy'],
  draining: [503, 'Unhealthy'],
  engine_restarting: [503, 'Unhealthy'],
};

/** Exactly what the dialect says of an error whose message is, or may be anything but, `message`. */
function assertForm(dialect: Dialect, code: ErrorCode, status: number, body: Record<string, string>): string {
  if (dialect === 'tei') {
    const [wantedStatus, type] = inTei[code] ?? [errorTable[code].status, 'Validation'];
    assert.deepEqual([status, body.error_type, Object.keys(body)], [wantedStatus, type, ['error', 'error_type']]);
    return body.error as string;
  }
  assert.equal(status, errorTable[code].status);
  if (dialect === 'ollama') {
    assert.deepEqual(Object.keys(body), ['error']);
    return body.error as string;
  }
  assert.deepEqual(Object.keys(body), ['id', 'message']);
  assert.equal(body.id, ID);
  return body.message as string;
}

describe('Errors of the dialects', () => {
  let stub: StubApp;
  let keyed: StubApp;
  let failure: HotvecError;
  before(async () => {
    const config = { maxBodyBytes: 4096, maxInputs: 3 };
    stub = await buildStubApp({
      config,
      embed: () => Promise.reject(failure),
      rerank: () => Promise.reject(failure),
    });
    keyed = await buildStubApp({ config, keys: { someone: 'secret' } });
  });
  after(() => Promise.all([stub.close(), keyed.close()]));

  const send = async (asked: StubApp, path: string, init: Asked = {}) => {
    const headers = { 'content-type': 'application/json', 'x-request-id': ID, ...init.headers };
    const response = await asked.fetch(path, { method: 'POST', ...init, headers });
    const text = await response.text();
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.ok(!text.includes(PLANTED), text);
    return { status: response.status, headers: response.headers, body: JSON.parse(text) as Record<string, string> };
  };

  for (const { dialect, path, body, text } of cases) {
    it(`POST ${path}: every code that the work can end with, in the form of ${dialect}`, async () => {
      for (const code of publicErrorCodes) {
        failure = new HotvecError(code, 'What was found.', { retryAfterMs: 1500 });
        const answer = await send(stub, path, { body: JSON.stringify(body) });
        const message = assertForm(dialect, code, answer.status, answer.body);
        assert.ok(message.endsWith('What was found.'), code);
        assert.equal(answer.headers.get('retry-after'), '2');
        assert.equal(answer.headers.get('x-should-retry'), errorTable[code].retry === false ? 'false' : null, code);
      }
      assert.match(
        stub.log(),
        new RegExp(`"route":"${path}","model":"stub[a-z-]*","status":\\d+,"ms":[\\d.]+,"code":"input_too_long"`),
      );
    });

    const unknownField: (typeof wrongs)[number] = [
      'unknown_field',
      path,
      { body: JSON.stringify({ ...body, [`${PLANTED} \n`]: 1 }) },
    ];
    const wrongs: [ErrorCode, string, Asked][] = [
      ['invalid_json', path, { body: `{"${PLANTED}` }],
      ['invalid_json', path, { body: '' }],
      ['invalid_input', path, { body: '[]' }],
      ['invalid_input', path, { body: JSON.stringify({ ...body, [text]: 17 }) }],
      ...(dialect === 'tei' ? [] : [unknownField]),
      ['body_too_large', path, { body: JSON.stringify({ ...body, more: 'x'.repeat(5000) }) }],
      ['unsupported_media_type', path, { body: 'x', headers: { 'content-type': 'text/plain' } }],
      ['unsupported_media_type', path, { body: 'x', headers: { 'content-encoding': 'gzip' } }],
      ['fingerprint_mismatch', path, { body: JSON.stringify(body), headers: { 'x-expect-fingerprint': 'another' } }],
      ['invalid_input', path, { body: JSON.stringify(body), headers: { 'x-deadline-ms': 'soon' } }],
      ['method_not_allowed', path, { method: 'PUT', body: '{}' }],
    ];
    it(`POST ${path}: what is refused before the work, in the form of ${dialect}`, async () => {
      for (const [code, at, init] of wrongs) {
        const answer = await send(stub, at, init);
        const message = assertForm(dialect, code, answer.status, answer.body);
        assert.match(message, /^.{8,}\.$/s);
      }
      const unauthorized = await send(keyed, path, { body: JSON.stringify(body) });
      assertForm(dialect, 'invalid_api_key', unauthorized.status, unauthorized.body);
      assert.equal(unauthorized.headers.get('connection'), 'close');
      const authorized = await keyed.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer secret' },
        body: JSON.stringify(body),
      });
      assert.equal(authorized.status, 200);
    });
  }

  it('a path beside those of a dialect is answered as they are', async () => {
    for (const [dialect, path] of [
      ['ollama', '/api/chat'],
      ['cohere', '/v2/chat'],
    ] as const) {
      const answer = await send(stub, path, { body: '{}' });
      assertForm(dialect, 'not_found', answer.status, answer.body);
    }
  });

  it('a model that is not served is 404 for Ollama and Cohere, in words that Ollama clients look for', async () => {
    for (const { dialect, path, body } of cases.filter(({ dialect: one }) => one !== 'tei')) {
      const answer = await send(stub, path, { body: JSON.stringify({ ...body, model: PLANTED }) });
      const message = assertForm(dialect, 'model_not_found', answer.status, answer.body);
      if (dialect === 'ollama') assert.match(message, /^model not found, try pulling it first: /);
    }
    failure = new HotvecError('input_too_long', 'input has 9 tokens.');
    const tooLong = await send(stub, '/api/embed', { body: '{"model":"stub","input":"x"}' });
    assert.match(tooLong.body.error as string, /^the input length exceeds the context length: input has 9/);
  });
});

describe('DIALECTS', () => {
  const status = async (service: StubApp, { path, body }: Case) => {
    const headers = { 'content-type': 'application/json' };
    return service.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  };

  for (const dialects of [['none'], ['tei'], ['ollama'], ['cohere']] as Config['dialects'][]) {
    it(`${dialects}: no other dialect is served, and their routes are unknown`, async () => {
      const service = await buildStubApp({ config: { dialects } });
      try {
        for (const one of cases) {
          const response = await status(service, one);
          if (dialects.includes(one.dialect)) assert.equal(response.status, 200, one.path);
          else if (one.path === '/rerank') {
            // It is there with another body.
            const { error } = (await response.json()) as { error: { code: string; param: string } };
            assert.deepEqual([error.code, error.param], ['invalid_input', 'documents']);
          } else if (one.path === '/' && dialects.includes('ollama')) {
            // Its clients ask there whether anybody is in.
            assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD']);
          } else {
            const { error } = (await response.json()) as { error: { code: string } };
            assert.deepEqual([response.status, error.code], [404, 'not_found'], one.path);
          }
        }
        const { paths } = service.app.swagger() as { paths: object };
        assert.equal('/embed' in paths, dialects.includes('tei'));
        assert.equal('/api/embed' in paths, dialects.includes('ollama'));
        assert.equal('/v2/embed' in paths, dialects.includes('cohere'));
        assert.ok('/v1/embeddings' in paths);
      } finally {
        await service.close();
      }
    });
  }

  it('all are on unless told otherwise', async () => {
    const service = await buildStubApp();
    try {
      for (const one of cases) assert.equal((await status(service, one)).status, 200, one.path);
    } finally {
      await service.close();
    }
  });
});
