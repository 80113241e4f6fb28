import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { withoutChromium } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';
import { openPlayground, type PlaygroundPage, startBrowser } from '../support/playground-page.ts';
import { type RunningService, startService } from '../support/running-service.ts';

interface ServedModel {
  id: string;
  fingerprint: string;
}

describe('Model, in a real browser', { skip: withoutChromium }, () => {
  let browser: Browser;
  let service: RunningService;
  before(async () => {
    const model = 'starter,starter-reranker';
    [browser, service] = await Promise.all([startBrowser(), startService({ model, aliases: [] })]);
  });
  after(async () => {
    await browser.close();
    await service.close();
  });

  async function withPage(url: string, use: (opened: PlaygroundPage) => Promise<void>): Promise<void> {
    const context = { permissions: ['clipboard-read', 'clipboard-write'] };
    const opened = await openPlayground(browser, { url, section: 'model', context });
    try {
      await use(opened);
      assert.deepEqual(await opened.faults(), []);
      assert.deepEqual(await opened.accessibilityProblems(), []);
    } finally {
      await opened.close();
    }
  }

  const asked = ({ requests }: PlaygroundPage, path: string) =>
    requests().filter((request) => new URL(request.url()).pathname === path).length;

  it('says what each model is, one at a time, and copies its fingerprint', async () => {
    const { data } = (await (await fetch(`${service.url}/v1/models`)).json()) as { data: ServedModel[] };
    await withPage(service.url, async ({ page }) => {
      for (const [name, words] of [
        [
          'starter',
          ['a vector of 256 numbers', 'Instruct: Given a web search query', "hotvec's own graph", '8,192 tokens'],
        ],
        ['starter-reranker', ['a score from 0 to 1', 'from the model card of Qwen3-Reranker', '2,048 documents']],
      ] as const) {
        await page.getByRole('radio', { name }).first().check();
        const fingerprint = data.find(({ id }) => id === name)?.fingerprint ?? '';
        const text = await page.locator('.model').innerText();
        for (const word of [...words, fingerprint]) assert.ok(text.includes(word), `${name}: ${word}\n${text}`);
        await page.getByRole('button', { name: 'Copy', exact: true }).click();
        await page.getByText('Copied', { exact: true }).waitFor();
        assert.equal(await page.evaluate('navigator.clipboard.readText()'), fingerprint);
      }
      await page.getByRole('button', { name: 'curl' }).click();
      await page.getByText('Copied as curl').waitFor();
      assert.match(await page.evaluate('navigator.clipboard.readText()'), /curl.*\/v1\/models/);
    });
  });

  it('shows what is computed while it is computed', () =>
    withPage(service.url, async ({ page }) => {
      await page.getByText('Nobody asks anything right now.').waitFor();
      await page.getByText('ready', { exact: true }).waitFor();
      const rate = page.locator('.tokens strong');
      for (let i = 0; (await rate.innerText()) === '0' || (await rate.innerText()) === '…'; i++) {
        await service.post('/v1/embeddings', { input: `text ${i}` });
      }
      const texts = page.locator('.figures div', { hasText: 'Texts per second' });
      await texts.locator('dd', { hasText: /[1-9]/ }).waitFor();
      assert.match(
        (await page.getByRole('img', { name: /^Tokens per second/ }).getAttribute('aria-label')) ?? '',
        /[1-9]/,
      );
    }));

  it('asks the server only while somebody can see the answer', () =>
    withPage(service.url, async (opened) => {
      const { page } = opened;
      const settled = async () => {
        // What was under way has ended, and no other began.
        await page.waitForTimeout(500);
        const before = asked(opened, '/metrics');
        await page.waitForTimeout(2_500);
        return asked(opened, '/metrics') - before;
      };
      const see = (state: string) =>
        page.evaluate(
          `Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
           document.dispatchEvent(new Event('visibilitychange'));`,
        );
      assert.ok((await settled()) > 0);
      await see('hidden');
      assert.equal(await settled(), 0);
      await see('visible');
      assert.ok((await settled()) > 0);
      await page.getByRole('link', { name: 'Tokens' }).click();
      assert.equal(await settled(), 0);
      assert.equal(asked(opened, '/readyz') - asked(opened, '/metrics') <= 1, true);
    }));

  it('says where the metrics are with METRICS_PORT, and other names of a model', async () => {
    const other = await startService({ metricsPort: await freePort(), aliases: ['text-embedding-3-small'] });
    try {
      await withPage(other.url, async (opened) => {
        await opened.page.getByText(/metrics on a port of their own \(METRICS_PORT\)/).waitFor();
        await opened.page.getByText('Also served as text-embedding-3-small.').waitFor();
        await opened.page.getByText('ready', { exact: true }).waitFor();
        await opened.page.waitForTimeout(2_500);
        // It is asked for health, and for metrics no more.
        assert.equal(asked(opened, '/metrics'), 1);
        assert.ok(asked(opened, '/readyz') > 1);
      });
    } finally {
      await other.close();
    }
  });
});
