import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { HotvecError } from '../../../src/errors.ts';
import type { Config } from '../../../src/settings/config.ts';
import { buildStubApp, type StubApp, startStubService } from '../stub-service.ts';

/** What browsers send when an address is opened. */
const CHROME = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
const PAGE = /^<!doctype html>/;

describe('GET / for browsers', () => {
  let stub: StubApp;
  before(async () => {
    stub = await buildStubApp();
  });
  after(() => stub.close());

  const get = (accept?: string) => stub.fetch('/', { headers: accept === undefined ? {} : { accept } });

  for (const accept of [
    CHROME,
    'text/html',
    'TEXT/HTML',
    'text/html, */*;q=0.1',
    'application/json;q=0.5, text/html',
  ]) {
    it(`is the page to ${accept}`, async () => {
      const answer = await get(accept);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
      assert.equal(answer.headers.get('cache-control'), 'no-cache');
      assert.match(await answer.text(), PAGE);
    });
  }

  for (const accept of [
    undefined,
    '*/*',
    '',
    'text/*',
    'text/plain',
    'application/json, text/plain, */*',
    'text/plain, text/html',
    'text/html;q=0.4, application/json;q=0.5',
    'text/html;q=0, */*',
    'text/html;q=wrong, */*',
    'text/htmlx',
  ]) {
    it(`is what dialects promise to ${accept ?? 'no accept'}`, async () => {
      const answer = await get(accept);
      assert.equal(await answer.text(), 'Ollama is running');
      assert.equal(answer.headers.get('vary'), 'accept');
      assert.equal(answer.headers.get('content-security-policy'), null);
    });
  }

  it('is the same for HEAD, without the page', async () => {
    const answer = await stub.fetch('/', { method: 'HEAD', headers: { accept: CHROME } });
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(await answer.text(), '');
  });

  it('comes packed to whoever can unpack it, and caches know on what that depends', async () => {
    for (const [encodings, isPacked] of [
      ['gzip, deflate, br, zstd', true],
      ['br, gzip;q=0.5', true],
      ['gzip;q=0', false],
      ['br', false],
      ['', false],
    ] as const) {
      const answer = await stub.fetch('/', { headers: { accept: CHROME, 'accept-encoding': encodings } });
      assert.equal(answer.headers.get('content-encoding'), isPacked ? 'gzip' : null, encodings);
      assert.equal(answer.headers.get('vary'), 'accept, accept-encoding');
      const bytes = Buffer.from(await answer.arrayBuffer());
      assert.match((isPacked ? gunzipSync(bytes) : bytes).toString(), PAGE);
    }
  });

  it('names files that may be kept for good, are served under the same policy, and are not asked for twice', async () => {
    const html = await (await get(CHROME)).text();
    const names = [...html.matchAll(/(?:src|href)="\.\/(playground\/[^"]+)"/g)].map(([, name]) => name as string);
    assert.ok(names.length >= 3, html);
    for (const name of names) {
      const answer = await stub.fetch(`/${name}`);
      assert.equal(answer.status, 200, name);
      assert.match(answer.headers.get('cache-control') ?? '', /max-age=31536000, immutable/);
      assert.match(answer.headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self';/);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      const again = await stub.fetch(`/${name}`, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } });
      assert.equal(again.status, 304);
    }
  });

  it('has no file that was not built', async () => {
    for (const name of [
      'nothing.js',
      '../index.html',
      '..%2findex.html',
      '..%2f..%2fapi-types.d.ts',
      '',
      '.',
      '%00.js',
    ]) {
      const answer = await stub.fetch(`/playground/${name}`);
      assert.equal(answer.status, 404, name);
      assert.match(await answer.text(), /"code":"not_found"/);
    }
  });

  it('leaves POST / alone', async () => {
    const answer = await stub.fetch('/', {
      method: 'POST',
      headers: { accept: CHROME, 'content-type': 'application/json' },
      body: '{"inputs":"x"}',
    });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /json/);
  });

  const withStub = async (options: Parameters<typeof buildStubApp>[0], use: (other: StubApp) => Promise<void>) => {
    const other = await buildStubApp(options);
    try {
      await use(other);
    } finally {
      await other.close();
    }
  };
  const withConfig = (config: Partial<Config>, use: (other: StubApp) => Promise<void>) => withStub({ config }, use);

  it('is the page in words, and 503 in its status, while requests would not be served', () =>
    withStub(
      { refusal: () => new HotvecError('not_ready', 'The model is being loaded.', { retryAfterMs: 1_500 }) },
      async (other) => {
        const first = await other.fetch('/', { headers: { accept: CHROME } });
        const etag = first.headers.get('etag') ?? '';
        const answer = await other.fetch('/', { headers: { accept: CHROME, 'if-none-match': etag } });
        for (const { status, headers } of [first, answer]) {
          assert.equal(status, 503);
          assert.equal(headers.get('retry-after'), '2');
        }
        assert.match(await answer.text(), PAGE);
        assert.match(other.log(), /"route":"\/","status":503,.*"code":"not_ready"/);
      },
    ));

  it('is the page with DIALECTS=none, too, and to all others nothing', () =>
    withConfig({ dialects: ['none'] }, async (other) => {
      assert.match(await (await other.fetch('/', { headers: { accept: CHROME } })).text(), PAGE);
      assert.equal((await other.fetch('/')).status, 404);
      assert.equal((await other.fetch('/', { method: 'POST' })).status, 404);
    }));

  it('is no page with PLAYGROUND=false', async () => {
    await withConfig({ playground: false }, async (other) => {
      const answer = await other.fetch('/', { headers: { accept: CHROME } });
      assert.equal(await answer.text(), 'Ollama is running');
      assert.equal(answer.headers.get('vary'), null);
      assert.equal((await other.fetch('/playground/nothing.js')).status, 404);
    });
    await withConfig({ playground: false, dialects: ['none'] }, async (other) => {
      assert.equal((await other.fetch('/', { headers: { accept: CHROME } })).status, 404);
    });
  });

  it('asks for no key, and is the only thing that does not', () =>
    withStub({ keys: { someone: 'sk-right' } }, async (other) => {
      const page = await other.fetch('/', { headers: { accept: CHROME } });
      assert.equal(page.status, 200);
      const [, script = ''] = /src="\.(\/playground\/[^"]+)"/.exec(await page.text()) ?? [];
      assert.equal((await other.fetch(script)).status, 200);
      assert.equal((await other.fetch(script, { method: 'HEAD' })).status, 200);
      for (const method of ['POST', 'PUT', 'OPTIONS'])
        assert.equal((await other.fetch(script, { method })).status, 401);
      assert.equal((await other.fetch('/v1/models', { headers: { accept: CHROME } })).status, 401);
    }));

  it('keeps what was said of other origins', () =>
    withConfig({ allowedOrigins: ['https://app.example.com'] }, async (other) => {
      const answer = await other.fetch('/', { headers: { accept: CHROME, origin: 'https://app.example.com' } });
      assert.equal(answer.headers.get('vary'), 'origin, accept, accept-encoding');
      assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example.com');
    }));

  it('is below BASE_PATH, and where browsers look for it they are sent there', async () => {
    const service = await startStubService({ config: { basePath: '/tools/hotvec' } });
    const open = (path: string, accept = CHROME) =>
      fetch(service.url + path, { headers: { accept }, redirect: 'manual' });
    try {
      assert.match(await (await open('/tools/hotvec/')).text(), PAGE);
      for (const [path, location] of [
        ['/tools/hotvec', 'hotvec/'],
        ['/tools/hotvec?x=1', 'hotvec/'],
        ['/', './tools/hotvec/'],
      ] as const) {
        const answer = await open(path);
        assert.equal(answer.status, 302, path);
        // Relative: a proxy may have put a path of its own before it.
        assert.equal(answer.headers.get('location'), location, path);
        assert.equal(new URL(location, service.url + path).pathname, '/tools/hotvec/');
        assert.equal(await (await open(path, '*/*')).text(), 'Ollama is running', path);
      }
      assert.equal((await open('/playground/nothing.js')).status, 404);
    } finally {
      await service.close();
    }
  });
});
