import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type RunningService, startService } from '../../support/running-service.ts';
import { dialectBodies } from '../dialects/provoked-answers.ts';
import { operations } from '../openapi/openapi-document.ts';
import { routeList } from '../route-list.ts';
import { buildStubApp, type StubApp } from '../stub-service.ts';
import { withKeysFile } from './keys-file.ts';

const KEY = 'sk-right-9fK2';
/** For GET and HEAD; a POST to `/` computes. */
const PUBLIC = new Set(['/livez', '/readyz', '/health', '/', '/ping']);

const documented = operations.map(({ route, method }) => [method.toUpperCase(), route.replace('{id}', 'starter')]);
/** What is no route, and what a careless comparison of URLs takes for one that is open. */
const noRoutes: [string, string][] = [
  ['GET', '/nothing-here'],
  ['PUT', '/v1/embeddings'],
  ['OPTIONS', '/v1/embeddings'],
  ['DELETE', '/livez'],
  ['GET', '/livez/'],
  ['GET', '/LIVEZ'],
  ['GET', '/livez/../v1/models'],
  ['GET', '/livez%2f..%2fv1/models'],
  ['GET', '/v1/models?/livez'],
  ['GET', '/v1/models/livez'],
  ['GET', '//livez'],
  ['POST', '/playground/index.js'],
  ['GET', '/playground'],
  ['GET', '/Playground/index.js'],
  ['GET', '/playground/../v1/models'],
];

const refused: Record<string, Record<string, string>> = {
  'no key': {},
  'a wrong key': { authorization: 'Bearer sk-wrong' },
  'a prefix of a key': { authorization: `Bearer ${KEY.slice(0, -1)}` },
  'a key and more': { authorization: `Bearer ${KEY}x` },
  'a key of 10 KB': { authorization: `Bearer ${'k'.repeat(10_240)}` },
  'a wrong key, lower-case bearer': { authorization: 'bearer sk-wrong' },
  'an upper-case key': { authorization: `Bearer ${KEY.toUpperCase()}` },
  'an empty key': { authorization: 'Bearer ' },
  'another scheme': { authorization: `Basic ${KEY}` },
  'the bare key': { authorization: KEY },
  'two keys': { authorization: `Bearer ${KEY} ${KEY}` },
  'another header': { 'x-api-token': KEY },
  'the name of a key': { authorization: 'Bearer team-a' },
  "a key's hash": { authorization: `Bearer ${createHash('sha256').update(KEY).digest('hex')}` },
  "a key file's line": { authorization: `Bearer team-a:${createHash('sha256').update(KEY).digest('hex')}` },
  'a key that has NUL behind it, percent-encoded': { authorization: `Bearer ${KEY}%00` },
};

describe('With API keys configured', () => {
  let service: RunningService;
  before(async () => {
    service = await withKeysFile({ 'team-a': KEY, 'team-b': 'sk-other' }, (apiKeysFile) =>
      startService({ model: 'starter,starter-reranker', apiKeysFile }),
    );
  });
  let stub: StubApp;
  before(async () => {
    stub = await buildStubApp({ keys: { 'team-a': KEY, 'team-b': 'sk-other' } });
  });
  after(async () => {
    await service.close();
    await stub.close();
  });

  it('the list of routes has what is known to be there', () => {
    const routes = routeList(stub.app).map((route) => route.join(' '));
    const known = [
      'GET /livez',
      'HEAD /readyz',
      'POST /v1/embeddings',
      'POST /embeddings',
      'GET /v1/models',
      'GET /metrics',
    ];
    for (const route of [...known, 'GET /v1/models/starter', 'GET /v1/models/starter/starter', 'GET /docs/json']) {
      assert.ok(routes.includes(route), `${route}: ${routes}`);
    }
    for (const [method, url] of documented as [string, string][]) assert.ok(routes.includes(`${method} ${url}`), url);
  });

  const call = (method: string, route: string, headers: Record<string, string>) =>
    stub.fetch(route, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'POST' ? { body: '{"input":"x","queries":"x","documents":"x"}' } : {}),
    });

  for (const [what, headers] of Object.entries(refused)) {
    it(`${what} opens the health checks and the page's files and nothing else, of all routes that a running instance has; 401 says how to send one`, async () => {
      const routes = routeList(stub.app);
      for (const [method, route] of [...documented, ...routes, ...noRoutes] as [string, string][]) {
        const response = await call(method, route, headers);
        const text = await response.text();
        const name = `${method} ${route}`;
        if (
          PUBLIC.has(route) &&
          method !== 'POST' &&
          routes.some(([known, url]) => known === method && url === route)
        ) {
          assert.equal(response.status, 200, name);
        } else if (route === '/playground/swagger-ui.css') {
          // Of the page's files, which anyone may have, there is none of this name.
          assert.equal(response.status, 404, name);
        } else {
          assert.equal(response.status, 401, name);
          assert.equal(response.headers.get('connection'), 'close', name);
          const [, key] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? [];
          const wrong = key === undefined ? '' : ', error="invalid_token"';
          assert.equal(response.headers.get('www-authenticate'), `Bearer realm="hotvec"${wrong}`, name);
          // In the envelope or in the form of a dialect.
          if (method !== 'HEAD') assert.match(text, /API key/, name);
        }
      }
    });
  }

  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    it(`a right key opens every documented route; the scheme may be written ${scheme} (RFC 9110, 11.1)`, async () => {
      for (const [method, route] of documented as [string, string][]) {
        const ours = route === '/v1/similarity' ? { queries: 'x', documents: 'x' } : { input: 'x' };
        const body = dialectBodies[route] ?? ours;
        const response = await fetch(service.url + route, {
          method,
          headers: { 'content-type': 'application/json', authorization: `${scheme} ${KEY}` },
          body: method === 'POST' ? JSON.stringify(body) : null,
        });
        const answer = `${method} ${route}: ${await response.text()}`;
        // Routes of other forms say 400 or 415 to this body, and those of batches that they are off; the key has opened them.
        const isOpen = [400, 415].includes(response.status) || answer.includes('BATCH_DIR');
        if (!isOpen) assert.equal(response.status, 200, answer);
      }
    });
  }

  it('the log names the key and never holds one', () => {
    assert.match(service.log(), /"route":"\/v1\/embeddings","model":"starter","status":200,.*"key":"team-a"/);
    assert.doesNotMatch(service.log(), /"status":401,[^\n]*"key":/);
    for (const secret of [KEY, KEY.toUpperCase(), 'sk-wrong', 'k'.repeat(100)])
      assert.ok(!service.log().includes(secret));
  });
});
