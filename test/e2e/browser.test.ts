import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Config } from '../../src/settings/config.ts';
import { withKeysFile } from '../http/door/keys-file.ts';
import { openWebPage, type WebPage, withoutChromium } from '../support/chromium.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const KEY = 'key-of-the-page';

interface Seen {
  status?: number;
  headers?: Record<string, string>;
  body?: { data?: { embedding: number[] }[]; error?: { code: string } };
  /** In place of an answer. */
  failure?: string;
}

/** What a page sees of each request. */
const CALL_ALL = `
  const seen = {};
  for (const [name, [url, init]] of Object.entries(args)) {
    try {
      const answer = await fetch(url, init);
      const text = await answer.text();
      seen[name] = { status: answer.status, headers: Object.fromEntries(answer.headers), body: text === '' ? null : JSON.parse(text) };
    } catch (error) {
      seen[name] = { failure: String(error) };
    }
  }
  return seen;`;

describe('A web page of another origin, in a real browser', { skip: withoutChromium }, () => {
  let page: WebPage;
  before(async () => {
    page = await openWebPage();
  });
  after(() => page.close());

  async function withService<Result>(settings: Partial<Config>, use: (service: RunningService) => Promise<Result>) {
    const service = await startService({ maxBodyBytes: 4096, ...settings });
    try {
      return await use(service);
    } finally {
      await service.close();
    }
  }

  function calls(url: string): Record<string, [string, RequestInit]> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, 'x-deadline-ms': '60000' };
    const embed = (body: object, more = {}) => ({
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify(body),
    });
    return {
      vectors: [`${url}/v1/embeddings`, embed({ input: 'a text' })],
      'no key': [`${url}/v1/models`, {}],
      'wrong key': [`${url}/v1/embeddings`, embed({ input: 'a text' }, { authorization: 'Bearer wrong' })],
      'nothing there': [`${url}/v1/nothing`, { headers }],
      'too large': [`${url}/v1/embeddings`, embed({ input: 'x'.repeat(8192) })],
      health: [`${url}/readyz`, {}],
    };
  }

  it('gets vectors, errors and their headers where ALLOWED_ORIGINS names it', async () => {
    const settings = { allowedOrigins: [page.origin] };
    const seen = await withKeysFile({ page: KEY }, (apiKeysFile) =>
      withService({ ...settings, apiKeysFile }, ({ url }) => page.run<Record<string, Seen>>(CALL_ALL, calls(url))),
    );
    assert.deepEqual(
      Object.entries(seen).map(([name, { status, failure }]) => [name, status ?? failure]),
      [
        ['vectors', 200],
        ['no key', 401],
        ['wrong key', 401],
        ['nothing there', 404],
        ['too large', 413],
        ['health', 200],
      ],
    );
    assert.equal(seen.vectors?.body?.data?.[0]?.embedding.length, 256);
    for (const name of ['x-embedding-fingerprint', 'x-request-id', 'server-timing', 'openai-processing-ms']) {
      assert.ok((seen.vectors?.headers?.[name] ?? '') !== '', name);
    }
    assert.equal(seen['wrong key']?.body?.error?.code, 'invalid_api_key');
    assert.equal(seen['too large']?.body?.error?.code, 'body_too_large');
  });

  it('gets nothing where it does not, and makes the server compute nothing', async () => {
    for (const allowedOrigins of [[], ['https://app.example.com', page.origin.replace('localhost', '127.0.0.1')]]) {
      await withService({ allowedOrigins }, async (service) => {
        const simple = { method: 'POST', mode: 'no-cors' } as const;
        const unasked = Object.fromEntries(
          ['/v1/embeddings', '/api/embed', '/embed'].flatMap((route) =>
            ['text', 'blob'].map((kind) => [`${route} ${kind}`, [`${service.url}${route}`, simple, kind]]),
          ),
        );
        const seen = await page.run<Record<string, Seen>>(CALL_ALL, calls(service.url));
        for (const [name, { failure }] of Object.entries(seen)) assert.match(String(failure), /Failed to fetch/, name);
        // A blob has no content-type; a text has text/plain.
        await page.run(
          `const body = JSON.stringify({ model: 'starter', input: 'x', inputs: 'x' });
           for (const [url, init, kind] of args) {
             const own = kind === 'text' ? body : new Blob([body]);
             try { await fetch(url, { ...init, body: own }); } catch {}
           }`,
          Object.values(unasked),
        );
        assert.match(service.log(), /"route":"\/v1\/embeddings","status":415/);
        assert.doesNotMatch(service.log(), /"method":"POST",[^\n]*"status":200/);
      });
    }
  });

  it('that was bound to this machine by a changed DNS answer is refused, unless ALLOWED_HOSTS names it', async () => {
    const read = (service: RunningService) => {
      const { port } = new URL(service.url);
      // Its own origin, for the browser: no CORS. As a frame's document it can be read by the frame's own script alone.
      const rebound = ['--host-resolver-rules=MAP rebound.example 127.0.0.1'];
      const script = `
        const frame = document.createElement('iframe');
        frame.src = args;
        document.body.append(frame);
        await new Promise((resolve) => frame.addEventListener('load', resolve));`;
      return page.run(script, `http://rebound.example:${port}/v1/models`, rebound).then(() => service.log());
    };
    assert.match(await withService({}, read), /"route":"\/v1\/models","status":403,.*"code":"host_not_allowed"/);
    assert.match(await withService({ allowedHosts: ['rebound.example'] }, read), /"route":"\/v1\/models","status":200/);
  });
});
