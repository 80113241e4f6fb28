import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningService, startService } from '../support/running-service.ts';
import { withKeysFile } from './keys-file.ts';
import { operations } from './openapi-document.ts';

const KEY = 'sk-right-9fK2';
const PUBLIC = new Set(['/livez', '/readyz', '/health']);

const documented = operations.map(({ route, method }) => [method.toUpperCase(), route.replace('{id}', 'starter')]);
const routes = [
  ...documented,
  ...['/openapi.json', '/openapi.yaml', '/docs', '/docs/', '/docs/json', '/docs/static/swagger-ui.css'].map((route) => [
    'GET',
    route,
  ]),
  ['POST', '/embeddings'],
  ['GET', '/v1/models/owner/name'],
  ['GET', '/nothing-here'],
  ['PUT', '/v1/embeddings'],
  ['OPTIONS', '/v1/embeddings'],
  ['HEAD', '/v1/models'],
  ['GET', '/livez/'],
  ['GET', '/livez/../v1/models'],
  ['GET', '//livez'],
] as [string, string][];

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
  'another header': { 'x-api-key': KEY },
};

describe('With API keys configured', () => {
  let service: RunningService;
  before(async () => {
    service = await withKeysFile({ 'team-a': KEY, 'team-b': 'sk-other' }, (apiKeysFile) =>
      startService({ apiKeysFile }),
    );
  });
  after(() => service.close());

  const call = (method: string, route: string, headers: Record<string, string>) =>
    fetch(service.url + route, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: method === 'POST' ? '{"input":"x","queries":"x","documents":"x"}' : null,
    });

  for (const [what, headers] of Object.entries(refused)) {
    it(`${what} opens the health checks and nothing else`, async () => {
      for (const [method, route] of routes) {
        const response = await call(method, route, headers);
        const text = await response.text();
        const name = `${method} ${route}`;
        if (PUBLIC.has(route)) {
          assert.equal(response.status, 200, name);
        } else {
          assert.equal(response.status, 401, name);
          assert.equal(response.headers.get('connection'), 'close', name);
          if (method !== 'HEAD') assert.equal(JSON.parse(text).error.code, 'invalid_api_key', name);
        }
      }
    });
  }

  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    it(`a right key opens every documented route; the scheme may be written ${scheme} (RFC 9110, 11.1)`, async () => {
      for (const [method, route] of documented as [string, string][]) {
        const extra = route === '/v1/embeddings' ? { input: 'x' } : { queries: 'x', documents: 'x' };
        const response = await fetch(service.url + route, {
          method,
          headers: { 'content-type': 'application/json', authorization: `${scheme} ${KEY}` },
          body: method === 'POST' ? JSON.stringify(extra) : null,
        });
        assert.equal(response.status, 200, `${method} ${route}: ${await response.text()}`);
      }
    });
  }

  it('the log names the key and never holds one', () => {
    assert.match(service.log(), /"route":"\/v1\/embeddings","status":200,.*"key":"team-a"/);
    assert.doesNotMatch(service.log(), /"status":401,[^\n]*"key":/);
    for (const secret of [KEY, KEY.toUpperCase(), 'sk-wrong', 'k'.repeat(100)])
      assert.ok(!service.log().includes(secret));
  });
});
