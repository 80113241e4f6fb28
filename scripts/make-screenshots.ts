import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { packageRoot } from '../src/package-info.ts';
import { openPlayground, startBrowser } from '../test/support/playground-page.ts';
import { startService } from '../test/support/running-service.ts';

// `npm run screenshots`: pictures of the playground for the README and docs/playground.md, of a real service with the models
// that come with hotvec, in a real browser. Run it after a change of what is to be seen there.

const FOLDER = path.join(packageRoot, 'docs', 'images');
/** More is too much for whoever opens the README. */
const MOST_BYTES = 200_000;

interface Picture {
  section: string;
  height: number;
  /** Makes the section show something. */
  prepare: (page: Page, url: string) => Promise<void>;
}

const PICTURES: readonly Picture[] = [
  {
    section: 'compare',
    height: 1010,
    prepare: async (page) => {
      await page.getByText(/the reranker chooses another best document/).waitFor();
      await page.getByText('0.624').first().hover();
    },
  },
  {
    section: 'search',
    height: 760,
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Open the example' }).click();
      await page.getByLabel('Search these texts').fill('storm on another planet');
      await page.getByText(/nearest of 60 texts/).waitFor();
      await page.waitForTimeout(1_000);
      await page.getByRole('button', { name: 'Rerank the top 50' }).click();
      await page.getByRole('group', { name: 'Order by' }).waitFor();
      await page.getByRole('radio', { name: /vectors/ }).check();
    },
  },
  {
    section: 'map',
    height: 900,
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Map sixty sentences' }).click();
      await page.locator('.map-legend').waitFor();
      // UMAP moves the points until it is done.
      await page.waitForTimeout(8_000);
    },
  },
  { section: 'tokens', height: 760, prepare: (page) => page.waitForTimeout(2_000) },
  {
    section: 'model',
    height: 860,
    prepare: async (page, url) => {
      // Some work to be seen.
      for (let i = 0; i < 60; i++) {
        const input = Array.from(
          { length: 1 + ((i * 7) % 12) },
          (_, place) => `The ${i}th request has a text ${place}.`,
        );
        const headers = { 'content-type': 'application/json' };
        await fetch(`${url}/v1/embeddings`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ model: 'starter', input }),
        });
        await page.waitForTimeout(250);
      }
    },
  },
];

await mkdir(FOLDER, { recursive: true });
const service = await startService({ model: 'starter,starter-reranker' });
const browser = await startBrowser();
for (const { section, height, prepare } of PICTURES) {
  const size = { width: 1120, height };
  const opened = await openPlayground(browser, {
    url: service.url,
    section,
    size,
    context: { reducedMotion: 'reduce' },
  });
  await prepare(opened.page, service.url);
  const png = await opened.page.screenshot();
  await opened.close();
  const file = `playground-${section}.png`;
  if (png.length > MOST_BYTES) throw new Error(`${file} has ${png.length} bytes: make the picture smaller`);
  await writeFile(path.join(FOLDER, file), png);
  console.log(`${file}: ${png.length} bytes`);
}
await browser.close();
await service.close();
