import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Config } from '../../src/settings/config.ts';
import { withKeysFile } from '../http/door/keys-file.ts';
import { withoutChromium } from '../support/chromium.ts';
import { openPlayground, type PlaygroundPage, startBrowser } from '../support/playground-page.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const KEY = 'key-of-the-tab';
const SECTIONS = ['compare', 'search', 'map', 'tokens', 'model'];
const FIRST_LOAD_BYTES = 350 * 1024;

describe('The playground in a real browser', { skip: withoutChromium }, () => {
  let browser: Browser;
  let service: RunningService;
  before(async () => {
    [browser, service] = await Promise.all([startBrowser(), startService({ model: 'starter,starter-reranker' })]);
  });
  after(async () => {
    await browser.close();
    await service.close();
  });

  /** Uses a page, and then sees that nothing was wrong with it. */
  async function withPage(
    options: Parameters<typeof openPlayground>[1],
    use: (opened: PlaygroundPage) => Promise<void>,
  ): Promise<void> {
    const opened = await openPlayground(browser, options);
    try {
      await use(opened);
      assert.deepEqual(await opened.faults(), []);
    } finally {
      await opened.close();
    }
  }

  async function withService(settings: Partial<Config>, use: (other: RunningService) => Promise<void>): Promise<void> {
    const other = await startService(settings);
    try {
      await use(other);
    } finally {
      await other.close();
    }
  }

  const namesModel = (opened: PlaygroundPage) => opened.page.getByText('starter', { exact: true }).first().waitFor();

  it(`loads less than ${FIRST_LOAD_BYTES / 1024} KB at first, gzipped, and nothing from elsewhere`, () =>
    withPage({ url: service.url }, async (opened) => {
      await namesModel(opened);
      await opened.page.waitForLoadState('networkidle');
      let bytes = 0;
      for (const request of opened.requests()) {
        const { pathname } = new URL(request.url());
        if (pathname.startsWith('/v1/')) continue;
        const response = await request.response();
        assert.equal(response?.status(), 200, pathname);
        assert.equal(response?.headers()['content-encoding'], 'gzip', pathname);
        bytes += (await request.sizes()).responseBodySize;
      }
      assert.ok(bytes > 10_000 && bytes < FIRST_LOAD_BYTES, `${bytes}`);
    }));

  for (const section of SECTIONS) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`${section} is usable by everyone, ${colorScheme}`, () =>
        withPage({ url: service.url, section, colorScheme }, async (opened) => {
          await namesModel(opened);
          await opened.page.waitForLoadState('networkidle');
          assert.deepEqual(await opened.accessibilityProblems(), []);
        }));
    }

    it(`${section} fits 360 px and 4k`, () =>
      withPage({ url: service.url, section, size: { width: 360, height: 640 } }, async (opened) => {
        await namesModel(opened);
        await opened.page.waitForLoadState('networkidle');
        assert.equal(await opened.scrollsSideways(), false);
        await opened.page.setViewportSize({ width: 3840, height: 2160 });
        assert.equal(await opened.scrollsSideways(), false);
      }));
  }

  it('asks for the key, and keeps it in the tab and nowhere else', () =>
    withKeysFile({ someone: KEY }, (apiKeysFile) =>
      withService({ apiKeysFile }, async (other) => {
        await withPage({ url: other.url }, async (opened) => {
          const { page } = opened;
          // Of a text that had it between quotation marks: no header carries them.
          await page.getByLabel('API key').fill(`“${KEY}”`);
          await page.getByRole('button', { name: 'Use it in this tab' }).click();
          await page.getByText('it has characters beyond ASCII').waitFor();
          await page.getByLabel('API key').fill(KEY);
          await page.getByRole('button', { name: 'Use it in this tab' }).click();
          await namesModel(opened);
          assert.equal(await page.getByLabel('API key').count(), 0);
          const kept = await page.evaluate<Record<string, string>>(
            '({ tab: JSON.stringify(sessionStorage), browser: JSON.stringify(localStorage), cookies: document.cookie, address: location.href })',
          );
          assert.ok(kept.tab?.includes(KEY));
          for (const place of ['browser', 'cookies', 'address']) assert.ok(!kept[place]?.includes(KEY), place);
          await page.reload();
          await namesModel(opened);
          for (const request of opened.requests()) assert.ok(!request.url().includes(KEY), request.url());
        });
        assert.match(other.log(), /"route":"\/v1\/models","status":200,.*"key":"someone"/);
        assert.ok(!other.log().includes(KEY));
        // Another tab is asked again.
        await withPage({ url: other.url }, ({ page }) => page.getByLabel('API key').waitFor());
      }),
    ));

  it('shows which section is open where the system has the colors', () =>
    withPage({ url: service.url, context: { forcedColors: 'active' } }, async ({ page }) => {
      const link = page.getByRole('link', { name: 'Compare' });
      const open = await link.screenshot();
      await page.evaluate(`location.hash = 'search'`);
      await page.getByRole('heading', { name: 'Search' }).waitFor();
      assert.notDeepEqual(await link.screenshot(), open);
    }));

  for (const path of ['/tools/hotvec/', '/tools/hotvec', '/']) {
    it(`works below BASE_PATH, opened at ${path}`, () =>
      withService({ basePath: '/tools/hotvec' }, (other) =>
        withPage({ url: new URL(path, other.url).href, section: 'model' }, async (opened) => {
          await namesModel(opened);
          assert.equal(opened.page.url(), `${other.url}/#model`);
          await opened.page.getByRole('heading', { name: 'Model' }).waitFor();
          const [opening, ...others] = opened.requests().map((request) => new URL(request.url()).pathname);
          assert.equal(opening, path);
          assert.ok(others.length > 3);
          for (const pathname of others) assert.ok(pathname.startsWith('/tools/hotvec/'), pathname);
        }),
      ));
  }

  it('is not there with PLAYGROUND=false', () =>
    withService({ playground: false }, (other) =>
      withPage({ url: other.url }, async ({ page }) => {
        assert.equal(await page.innerText('body'), 'Ollama is running');
      }),
    ));
});
