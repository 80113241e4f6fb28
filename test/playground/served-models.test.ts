import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { withoutChromium } from '../support/chromium.ts';
import { openPlayground, type PlaygroundPage, startBrowser } from '../support/playground-page.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { staticFixtures } from '../support/static-fixtures.ts';

/** Without Matryoshka dimensions. */
const STATIC = path.join(staticFixtures, 'model2vec');

describe('The playground, whatever is served', { skip: withoutChromium }, () => {
  let browser: Browser;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser.close());

  async function withPage(settings: { model: string }, use: (opened: PlaygroundPage) => Promise<void>): Promise<void> {
    const service: RunningService = await startService(settings);
    const opened = await openPlayground(browser, { url: service.url });
    try {
      await use(opened);
      assert.deepEqual(await opened.faults(), []);
      assert.deepEqual(await opened.accessibilityProblems(), []);
    } finally {
      await opened.close();
      await service.close();
    }
  }

  it('scores pairs by a reranker alone, and says why it embeds nothing', () =>
    withPage({ model: 'starter-reranker' }, async ({ page }) => {
      await page.getByRole('heading', { name: 'By the reranker' }).waitFor();
      await page.locator('.heatmap .drawing svg').waitFor();
      assert.equal(await page.locator('.heatmap').count(), 1);
      assert.equal(await page.getByLabel('Metric').count(), 0);
      await page.getByText('its reranker scores the pairs').waitFor();

      await page.getByRole('link', { name: 'Search' }).click();
      await page.getByRole('button', { name: 'Open the example' }).click();
      await page.getByRole('alert').getByText('This server has no embedding model').waitFor();

      await page.getByRole('link', { name: 'Map' }).click();
      await page.getByRole('button', { name: 'Map sixty sentences' }).click();
      await page.locator('.map').getByRole('alert').getByText('This server has no embedding model').waitFor();
    }));

  it('notices another model also where nothing waited for it, and asks that one', async () => {
    const before = await startService({ model: 'starter' });
    const opened = await openPlayground(browser, { url: before.url });
    const { page } = opened;
    await page.locator('.heatmap .drawing svg').waitFor();
    await before.close();
    const port = Number(new URL(before.url).port);
    const after = await startService({ model: STATIC, servedModelName: 'starter', port });
    try {
      // What the page asks is not for this one: it has no prompts.
      await page.getByRole('link', { name: 'Tokens' }).click();
      await page.getByText('Another model is served as starter now').waitFor();
      await page.locator('.tokens-section').getByText('as the model does by default').waitFor({ state: 'attached' });
      await page.getByText('The same as a table').last().waitFor();
      assert.equal(await page.locator('.tokens-section .error:visible').count(), 0);
      assert.deepEqual(await opened.faults(), []);
    } finally {
      await opened.close();
      await after.close();
    }
  });

  it('drops a size that the model chosen now does not give, and shows that model in Model', () =>
    withPage({ model: `starter,${STATIC}` }, async ({ page }) => {
      const dimensions = page.getByRole('spinbutton', { name: 'Dimensions' });
      await dimensions.fill('64');
      await page.getByRole('banner').getByLabel('Model').selectOption('model2vec');
      await page.getByText('this model gives no fewer').waitFor();
      assert.equal(await dimensions.inputValue(), '12');

      await page.getByRole('link', { name: 'Model' }).click();
      await page.getByText('a vector of 12 numbers').waitFor();
      await page.getByRole('banner').getByLabel('Model').selectOption('starter');
      await page.getByText('a vector of 256 numbers').waitFor();
    }));
});
