import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AllowedOrigins } from '../../../src/http/door/allowed-origins.ts';
import { documentedHeaders } from '../openapi/openapi-document.ts';
import { routeList } from '../route-list.ts';
import { buildStubApp, type StubApp } from '../stub-service.ts';

const PAGE = 'https://app.example.com';
const OTHER = 'https://evil.example';
const KEY = 'secret';
const preflight = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization, x-mine',
};
const embed = { 'content-type': 'application/json' };

function allowedBy({ headers }: Response): string | null {
  return headers.get('access-control-allow-origin');
}

describe('AllowedOrigins', () => {
  it('are compared as browsers write them', () => {
    const origins = new AllowedOrigins(['HTTPS://App.Example.com:443/', 'http://localhost:5173', 'tauri://localhost']);
    for (const origin of [PAGE, 'http://localhost:5173', 'tauri://localhost']) {
      assert.equal(origins.answerTo(origin), origin);
    }
  });

  it('are exact', () => {
    const origins = new AllowedOrigins([PAGE]);
    for (const origin of [
      'http://app.example.com',
      `${PAGE}:8443`,
      `${PAGE}.evil.example`,
      'https://evil-app.example.com',
      'https://a.app.example.com',
      `${PAGE}/`,
      `${PAGE} ${OTHER}`,
      'null',
      '*',
      '',
      undefined,
    ]) {
      assert.equal(origins.answerTo(origin), undefined, origin);
    }
  });
});

describe('ALLOWED_ORIGINS', () => {
  let service: StubApp;
  before(async () => {
    service = await buildStubApp({
      config: { allowedOrigins: [PAGE, 'http://localhost:5173'], maxBodyBytes: 2048 },
      keys: { page: KEY },
      embed: (inputs) => {
        if (inputs.length === 2) throw new Error('unexpected');
        return undefined;
      },
    });
  });
  after(() => service.close());

  const call = (route: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) =>
    service.fetch(route, { ...init, headers: { origin: PAGE, authorization: `Bearer ${KEY}`, ...init.headers } });

  it('lets pages of these origins read answers, and tells caches that the origin decides', async () => {
    const answer = await call('/v1/embeddings', { method: 'POST', headers: embed, body: '{"input":"x"}' });
    assert.equal(answer.status, 200);
    assert.equal(allowedBy(answer), PAGE);
    assert.equal(answer.headers.get('vary'), 'origin');
    assert.equal(answer.headers.get('access-control-allow-credentials'), null);
  });

  it('lets them read every error as well, or they would see none', async () => {
    const post = (body: string, headers = embed) => call('/v1/embeddings', { method: 'POST', headers, body });
    const errors: [number, Promise<Response>][] = [
      [400, post('{')],
      [401, call('/v1/models', { headers: { authorization: 'Bearer wrong' } })],
      [401, call('/nothing', { headers: { authorization: 'Bearer wrong' } })],
      [404, call('/nothing')],
      [404, call('/%zz')],
      [404, post('{"input":"x","model":"other"}')],
      [405, call('/v1/embeddings')],
      [413, post(JSON.stringify({ input: 'x'.repeat(4096) }))],
      [415, post('x', { 'content-type': 'text/plain' })],
      [500, post('{"input":["x","y"]}')],
    ];
    for (const [status, sent] of errors) {
      const answer = await sent;
      assert.equal(answer.status, status);
      assert.equal(allowedBy(answer), PAGE, String(status));
      assert.equal(answer.headers.get('vary'), 'origin', String(status));
    }
  });

  it('exposes every header that the API description promises', async () => {
    const exposed = (await call('/v1/models')).headers.get('access-control-expose-headers')?.split(', ') ?? [];
    assert.ok(documentedHeaders.size > 10);
    const forbidden = new Set(['connection']);
    for (const name of documentedHeaders) if (!forbidden.has(name)) assert.ok(exposed.includes(name), name);
    assert.ok(exposed.includes('www-authenticate'));
  });

  it('answers a preflight to any path, without a key', async () => {
    for (const route of ['/v1/embeddings', '/metrics', '/nothing', '/livez']) {
      const answer = await service.fetch(route, { method: 'OPTIONS', headers: { origin: PAGE, ...preflight } });
      assert.equal(answer.status, 204, route);
      assert.equal(allowedBy(answer), PAGE);
      assert.equal(answer.headers.get('access-control-allow-methods'), 'GET, HEAD, POST, DELETE');
      assert.equal(answer.headers.get('access-control-allow-headers'), 'authorization, x-mine');
      assert.equal(answer.headers.get('access-control-max-age'), '7200');
      assert.equal(answer.headers.get('vary'), 'origin, access-control-request-headers');
      assert.equal(answer.headers.get('access-control-allow-private-network'), null);
    }
  });

  it('answers one that asks for a server of a private network', async () => {
    const headers = { origin: PAGE, ...preflight, 'access-control-request-private-network': 'true' };
    const answer = await service.fetch('/v1/embeddings', { method: 'OPTIONS', headers });
    assert.equal(answer.headers.get('access-control-allow-private-network'), 'true');
  });

  it('refuses a preflight for any other origin, and marks no answer for it', async () => {
    const headers = { origin: OTHER, ...preflight, 'access-control-request-private-network': 'true' };
    const refused = await service.fetch('/v1/embeddings', { method: 'OPTIONS', headers });
    assert.equal(refused.status, 403);
    assert.match(await refused.text(), /origin_not_allowed/);
    for (const answer of [refused, await call('/v1/models', { headers: { origin: OTHER } })]) {
      assert.deepEqual(
        [...answer.headers.keys()].filter((name) => name.startsWith('access-control')),
        [],
      );
      assert.equal(answer.headers.get('vary'), 'origin');
    }
  });

  it('takes OPTIONS that are no preflight for what they are', async () => {
    assert.equal((await call('/v1/embeddings', { method: 'OPTIONS' })).status, 405);
    assert.equal((await call('/v1/embeddings', { method: 'OPTIONS', headers: { authorization: '' } })).status, 401);
  });
});

describe('ALLOWED_ORIGINS=*', () => {
  let service: StubApp;
  before(async () => {
    service = await buildStubApp({ config: { allowedOrigins: ['*'] }, keys: { page: KEY } });
  });
  after(() => service.close());

  it('lets every page read answers, if it has a key', async () => {
    for (const origin of [PAGE, 'null']) {
      const sent = await service.fetch('/v1/embeddings', { method: 'OPTIONS', headers: { origin, ...preflight } });
      assert.deepEqual([sent.status, allowedBy(sent)], [204, '*']);
      assert.equal(sent.headers.get('access-control-allow-headers'), 'authorization, x-mine');
      const answer = await service.fetch('/v1/models', { headers: { origin } });
      assert.deepEqual([answer.status, allowedBy(answer)], [401, '*']);
      assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    }
  });
});

describe('Without ALLOWED_ORIGINS', () => {
  let service: StubApp;
  before(async () => {
    service = await buildStubApp();
  });
  after(() => service.close());

  it('no page may read anything, and no answer depends on the origin', async () => {
    const answer = await service.fetch('/v1/models', { headers: { origin: PAGE } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('vary'), null);
    assert.equal(allowedBy(answer), null);
    const refused = await service.fetch('/v1/models', {
      method: 'OPTIONS',
      headers: { origin: PAGE, ...preflight },
    });
    assert.deepEqual([refused.status, allowedBy(refused)], [403, null]);
  });

  // What a browser sends for any page without asking first: https://fetch.spec.whatwg.org/#cors-safelisted-request-header.
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', undefined];
  it('no page makes the server compute anything with what browsers send unasked', async () => {
    const bodies = ['{"input":"x"}', '{"inputs":"x"}', '{"model":"stub","input":"x"}', '{"model":"stub","prompt":"x"}'];
    for (const [method, route] of routeList(service.app).filter(([method]) => method === 'POST')) {
      for (const type of types) {
        for (const body of bodies) {
          const headers = { origin: OTHER, ...(type === undefined ? {} : { 'content-type': type }) };
          // Bytes: for a text fetch would add a type.
          const answer = await service.fetch(route, { method, headers, body: new TextEncoder().encode(body) });
          assert.ok(answer.status >= 400, `${route} ${type}`);
        }
      }
    }
    assert.equal(service.embedCalls(), 0);
  });
});
