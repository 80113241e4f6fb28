import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { HotvecError } from '../../../src/errors.ts';
import type { ErrorFormat } from '../../../src/http/answers/error-format.ts';
import { registerErrorHandling } from '../../../src/http/answers/error-handler.ts';
import { errorTable } from '../../../src/http/answers/error-table.ts';
import { registerJsonBody } from '../../../src/http/body/json-body.ts';
import { ApiKeys } from '../../../src/http/door/api-keys.ts';
import { registerAuth } from '../../../src/http/door/auth.ts';
import { registerByteCount } from '../../../src/http/door/byte-count.ts';
import { InflightBytes } from '../../../src/http/door/inflight-bytes.ts';
import { apiKeys } from '../stub-service.ts';

/** Says everything in another way than the OpenAI envelope: code, form and, for one, status. */
const shouting: ErrorFormat = {
  schema: Type.Object({ wrong: Type.String() }, { title: 'Shouted' }),
  tellsCode: false,
  statusOf: (code) => (code === 'overloaded' ? 418 : errorTable[code].status),
  bodyOf: ({ code }) => ({ wrong: code.toUpperCase() }),
};
const limits = { maxInputs: 4, maxBodyBytes: 1024 };

describe('A route that names a form of errors', () => {
  let app: FastifyInstance;
  before(async () => {
    app = Fastify();
    registerErrorHandling(app);
    registerAuth(app, new ApiKeys(() => apiKeys({ someone: 'secret' })));
    registerByteCount(app, new InflightBytes(1_000_000));
    registerJsonBody(app, { limits, receiveMs: 10_000 });
    const body = Type.Object({ input: Type.String() }, { additionalProperties: false, title: 'Body' });
    const handler = async () => {
      throw new HotvecError('overloaded', 'Too much.', { retryAfterMs: 1500 });
    };
    for (const [url, config] of [
      ['/loud/embed', { errors: shouting }],
      ['/loud', { errors: shouting }],
      ['/plain/embed', {}],
      ['/mixed/loud', { errors: shouting }],
      ['/mixed/plain', {}],
    ] as const) {
      app.route({ method: 'POST', url, schema: { body }, config, handler });
    }
    await app.ready();
  });
  after(() => app.close());

  const send = async (method: 'POST' | 'GET', url: string, payload?: string, headers: Record<string, string> = {}) => {
    const all = {
      authorization: 'Bearer secret',
      ...(payload ? { 'content-type': 'application/json' } : {}),
      ...headers,
    };
    const answer = await app.inject({ method, url, headers: all, ...(payload === undefined ? {} : { payload }) });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
  };
  const wrongs: [string, number, Parameters<typeof send>][] = [
    ['INVALID_JSON', 400, ['POST', '/loud/embed', '{']],
    ['INVALID_INPUT', 400, ['POST', '/loud/embed', '{"input":1}']],
    ['UNKNOWN_FIELD', 400, ['POST', '/loud/embed', '{"input":"x","more":1}']],
    ['INVALID_API_KEY', 401, ['POST', '/loud/embed', '{}', { authorization: 'Bearer wrong' }]],
    ['BODY_TOO_LARGE', 413, ['POST', '/loud/embed', `{"input":"${'x'.repeat(2000)}"}`]],
    ['UNSUPPORTED_MEDIA_TYPE', 415, ['POST', '/loud/embed', 'x', { 'content-type': 'text/plain' }]],
    ['OVERLOADED', 418, ['POST', '/loud/embed', '{"input":"x"}']],
    // No route takes these: those at the path, and beside it, say how they are answered.
    ['METHOD_NOT_ALLOWED', 405, ['GET', '/loud/embed?q=1']],
    ['METHOD_NOT_ALLOWED', 405, ['GET', '/loud']],
    ['NOT_FOUND', 404, ['POST', '/loud/chat', '{}']],
    ['INVALID_API_KEY', 401, ['POST', '/loud/chat', '{}', { authorization: 'Bearer wrong' }]],
  ];
  for (const [wrong, status, request] of wrongs) {
    it(`answers ${request[0]} ${request[1]} with ${status} ${wrong} in that form`, async () => {
      const answer = await send(...request);
      assert.deepEqual([answer.status, answer.body], [status, { wrong }]);
    });
  }

  it('keeps the headers that clients act on', async () => {
    const { headers } = await send('POST', '/loud/embed', '{"input":"x"}');
    assert.deepEqual([headers['retry-after'], headers['retry-after-ms']], ['2', '1500']);
    assert.equal((await send('GET', '/loud/embed')).headers.allow, 'POST');
  });

  it('changes nothing for other routes, for paths with neighbors of both kinds, and for paths with none', async () => {
    for (const path of ['/plain/embed', '/plain/chat', '/mixed/plain', '/mixed/chat', '/elsewhere', '/loudly/embed']) {
      const { body } = await send('GET', path);
      assert.deepEqual(Object.keys(body.error), ['message', 'type', 'param', 'code'], path);
    }
  });
});
