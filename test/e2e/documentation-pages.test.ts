import assert from 'node:assert/strict';
import { request as send } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { Config } from '../../src/settings/config.ts';
import { type StubService, startStubService } from '../http/stub-service.ts';
import { openWebPage, type WebPage, withoutChromium } from '../support/chromium.ts';

const PREFIX = '/tools/hotvec';

/** Opens the documentation, asks it to list the models as a reader would, and tells what came. */
const TRY_IT_OUT = `
  const frame = document.createElement('iframe');
  frame.src = args;
  document.body.append(frame);
  const find = async (selector, text = '') => {
    for (let i = 0; i < 400; i++) {
      const all = [...(frame.contentDocument?.querySelectorAll(selector) ?? [])];
      const found = all.find((one) => one.textContent.includes(text));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('no ' + selector + ' in ' + frame.contentDocument?.body?.innerHTML.slice(0, 500));
  };
  (await find('.opblock-get .opblock-summary-control', '/v1/models')).click();
  (await find('.try-out__btn')).click();
  (await find('.execute')).click();
  const url = (await find('.request-url pre')).textContent;
  const status = (await find('.live-responses-table .response-col_status', '2')).textContent;
  const links = [...frame.contentDocument.querySelectorAll('link[href], script[src]')].map((one) => one.href ?? one.src);
  return { url, status, links };`;

interface Tried {
  url: string;
  status: string;
  links: string[];
}

describe('/docs in a real browser', { skip: withoutChromium }, () => {
  let page: WebPage;
  /** What the proxy in front does with the prefix. */
  let target: { service: StubService; strips: boolean };
  before(async () => {
    page = await openWebPage((request, response) => {
      if (!request.url?.startsWith(PREFIX)) return false;
      const { service, strips } = target;
      const path = strips ? request.url.slice(PREFIX.length) || '/' : request.url;
      const { method, headers } = request;
      request.pipe(
        send(new URL(service.app.listeningOrigin + path), { method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 0, answer.headers);
          answer.pipe(response);
        }),
      );
      return true;
    });
  });
  after(() => page.close());

  async function tryBehind(strips: boolean, config: Partial<Config>, path: string): Promise<Tried> {
    const service = await startStubService({ config });
    target = { service, strips };
    try {
      return await page.run<Tried>(TRY_IT_OUT, page.origin + path);
    } finally {
      await service.close();
    }
  }

  const stripping = ['a proxy that takes its prefix away', true, {}] as const;
  const passingOn = ['a proxy that passes on what BASE_PATH says', false, { basePath: PREFIX }] as const;
  for (const [path, [what, strips, config]] of [
    ['/docs', stripping],
    ['/docs/', stripping],
    ['/docs/static/index.html', stripping],
    ['/docs', passingOn],
  ] as const) {
    it(`${path} works behind ${what}: links, description, and requests that it sends`, async () => {
      const { url, status, links } = await tryBehind(strips, config, PREFIX + path);
      assert.equal(url.trim(), `${page.origin}${PREFIX}/v1/models`);
      assert.match(status, /200/);
      for (const link of links) assert.ok(link.startsWith(`${page.origin}${PREFIX}/docs/static/`), link);
    });
  }
});
