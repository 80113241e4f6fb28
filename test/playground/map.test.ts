import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { exampleTexts } from '../../playground/collection/example-texts.ts';
import { groupColors } from '../../playground/map/coloring/palette.ts';
import { withoutChromium } from '../support/chromium.ts';
import { openPlayground, type PlaygroundPage, startBrowser } from '../support/playground-page.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const texts = Object.values(exampleTexts).flat();

describe('The map of the playground', { skip: withoutChromium }, () => {
  let browser: Browser;
  let service: RunningService;
  before(async () => {
    service = await startService({ model: 'starter' });
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
    await service.close();
  });

  type Options = Omit<Parameters<typeof openPlayground>[1], 'url'>;
  async function withMap(options: Options, use: (opened: PlaygroundPage) => Promise<void>): Promise<void> {
    const opened = await openPlayground(browser, { url: service.url, section: 'map', ...options });
    opened.page.setDefaultTimeout(30_000);
    try {
      await use(opened);
      assert.deepEqual(await opened.faults(), []);
    } finally {
      await opened.close();
    }
  }

  const withExample = (options: Options, use: (opened: PlaygroundPage) => Promise<void>) =>
    withMap(options, async (opened) => {
      await opened.page.getByRole('button', { name: 'Map sixty sentences' }).click();
      await settled(opened.page);
      await use(opened);
    });

  it('says how to begin, and draws the example by PCA, then by UMAP, the same each time', async () => {
    const pictures: string[] = [];
    for (const colorScheme of ['light', 'light', 'dark'] as const) {
      await withMap({ colorScheme }, async (opened) => {
        const { page } = opened;
        await page.getByRole('button', { name: 'Map sixty sentences' }).waitFor();
        assert.equal(
          await page.getByRole('link', { name: 'Open your own texts in Search' }).getAttribute('href'),
          '#search',
        );
        assert.deepEqual(await opened.accessibilityProblems(), []);
        await page.getByRole('button', { name: 'Map sixty sentences' }).click();
        await settled(page);
        const umap = await picture(page);
        assert.ok(umap.colors >= 7, `${umap.colors} colors`);
        await page.getByRole('radio', { name: 'PCA' }).check({ force: true });
        await still(page);
        const pca = await picture(page);
        assert.ok(pca.colors >= 7, `${pca.colors} colors`);
        assert.notEqual(umap.hash, pca.hash);
        await page.getByText('is in these two directions').waitFor();
        assert.deepEqual(await opened.accessibilityProblems(), []);
        pictures.push(`${umap.hash} ${pca.hash}`);
      });
    }
    assert.equal(pictures[0], pictures[1]);
    assert.notEqual(pictures[0], pictures[2]);
  });

  it("shows a clicked text's neighbors as the API's vectors have them, and goes to one", async () => {
    const nearest = await nearestByApi();
    await withExample({}, async (opened) => {
      const { page } = opened;
      const { text, x, y } = await labelByKeyboard(page);
      const stage = await page.getByRole('application').boundingBox();
      assert.ok(stage !== null);
      await page.mouse.move(stage.x + 3, stage.y + stage.height - 3);
      await page.locator('.map-label').waitFor({ state: 'detached' });
      await page.mouse.move(stage.x + x + 1, stage.y + y + 1);
      assert.equal(await page.locator('.map-label p').first().textContent(), text);
      await page.mouse.click(stage.x + x + 1, stage.y + y + 1);
      const first = await shownNeighbors(page);
      assert.deepEqual(first, nearest(text).slice(0, first.length));
      assert.equal(first.length, 10);
      await page.locator('.map-chosen ol button').nth(1).click();
      await page.locator('.map-chosen .text', { hasText: (first[1] as string).slice(6) }).waitFor();
      assert.deepEqual(await shownNeighbors(page), nearest((first[1] as string).slice(6)));
      assert.deepEqual(await opened.accessibilityProblems(), []);
    });
  });

  it('is used by the keyboard alone: texts, neighbors, zoom and pan', () =>
    withExample({}, async ({ page }) => {
      const whole = await picture(page);
      const seen = new Set<string>();
      for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'ArrowRight']) {
        await page.getByRole('application').press(key);
        seen.add((await page.locator('.map-label p').first().textContent()) ?? '');
      }
      assert.ok(seen.size >= 3, [...seen].join(' | '));
      for (const text of seen) assert.ok(texts.includes(text), text);
      await page.keyboard.press('Enter');
      assert.equal((await shownNeighbors(page)).length, 10);
      await page.keyboard.press('Escape');
      assert.equal(await page.locator('.map-chosen').count(), 0);
      const changes = [['+'], ['Shift+ArrowLeft'], ['-'], ['Shift+ArrowUp']] as const;
      let before = whole.hash;
      for (const [key] of changes) {
        await page.keyboard.press(key);
        await still(page);
        const { hash } = await picture(page);
        assert.notEqual(hash, before, key);
        before = hash;
      }
      await page.keyboard.press('0');
      await still(page);
      assert.equal((await picture(page)).hash, whole.hash);
    }));

  it('colors by k-means with as many clusters as wanted, and lets one group stand out', () =>
    withExample({ colorScheme: 'dark' }, async (opened) => {
      const { page } = opened;
      const legend = page.locator('.map-legend');
      assert.deepEqual(await legend.locator('.name').allTextContents(), Object.keys(exampleTexts).sort());
      const byTopic = await picture(page);
      await legend.getByRole('button', { name: 'money' }).click();
      await still(page);
      assert.notEqual((await picture(page)).hash, byTopic.hash);
      await page.getByLabel('Color by').selectOption('clusters');
      await legend.getByRole('heading', { name: '6 clusters' }).waitFor();
      await page.getByLabel('Number of clusters').press('ArrowRight');
      await legend.getByRole('heading', { name: '7 clusters' }).waitFor();
      const counts = (await legend.locator('.count').allTextContents()).map(Number);
      assert.equal(counts.length, 7);
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        texts.length,
      );
      await still(page);
      assert.ok((await picture(page)).colors >= 8);
      assert.deepEqual(await opened.accessibilityProblems(), []);
      await page.getByLabel('Color by').selectOption('nothing');
      assert.equal(await legend.count(), 0);
    }));

  it('has every text in a table beside the picture, to find and to choose', () =>
    withExample({ size: { width: 360, height: 800 } }, async (opened) => {
      const { page } = opened;
      await page.getByText('All texts of the map as a table').click();
      const cells = page.locator('.map-texts tbody button');
      const first = await cells.allTextContents();
      await page.getByRole('button', { name: 'Next page' }).click();
      assert.deepEqual([...first, ...(await cells.allTextContents())], texts);
      await page.getByLabel('Containing').fill('INTEREST rates');
      assert.deepEqual(await cells.allTextContents(), ['The central bank raised interest rates to slow inflation.']);
      await cells.first().press('Enter');
      assert.equal(await page.locator('.map-chosen .text').textContent(), await cells.first().textContent());
      assert.deepEqual(await opened.accessibilityProblems(), []);
      assert.equal(await opened.scrollsSideways(), false);
    }));

  it('numbers what was searched for, on the map and in a list', () =>
    withMap({ section: 'search' }, async (opened) => {
      const { page } = opened;
      await page.getByRole('button', { name: 'Open the example' }).click();
      await page.getByLabel('Search these texts').fill('storm on another planet');
      await page.getByText('The 50 nearest of 60 texts').waitFor();
      const found = await page.locator('.result .text').allTextContents();
      await page.getByRole('link', { name: 'See them on the map' }).click();
      await settled(page);
      const numbered = page.locator('.map-hits .name');
      assert.deepEqual(await numbered.allTextContents(), found.slice(0, 10));
      const ranks = await page.locator('.map-hits .score:first-child').allTextContents();
      assert.deepEqual(ranks.map(Number), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      assert.ok((await markedPixels(page)) > 0);
      await page.getByRole('img', { name: /those nearest to “storm on another planet” have their number/ }).waitFor();
      assert.deepEqual(await opened.accessibilityProblems(), []);
      await numbered.nth(1).click();
      await page.locator('.map-chosen .text', { hasText: found[1] as string }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Close' }).click();
      // What is no longer searched for is not marked.
      await page.locator('.map-hits').getByRole('link', { name: 'Search' }).click();
      await page.getByLabel('Search these texts').fill('');
      await page.getByRole('link', { name: 'Map', exact: true }).click();
      await page.locator('.map-hits').waitFor({ state: 'detached' });
      await still(page);
      assert.equal(await markedPixels(page), 0);
    }));

  it('says of texts that are all the same that they are, instead of spreading them', () =>
    withMap({ section: 'search' }, async ({ page }) => {
      await page.getByText('Paste texts').click();
      await page.getByLabel('Texts, one a line').fill('the same\n'.repeat(70));
      await page.getByRole('button', { name: 'Embed them' }).click();
      await page.getByLabel('Search these texts').waitFor();
      await page.locator('progress').waitFor({ state: 'detached' });
      await page.getByRole('link', { name: 'Map', exact: true }).click();
      await settled(page);
      await page.getByText('All these texts have the same vector, and lie at one point.').waitFor();
      assert.ok(await page.getByRole('radio', { name: 'UMAP' }).isDisabled());
      await page.getByRole('heading', { name: '1 cluster', exact: true }).waitFor();
    }));

  it('saves a PNG with the legend and what is marked, in two pixels for one', () =>
    withExample({ size: { width: 1000, height: 800 } }, async ({ page }) => {
      await page.getByRole('application').press('ArrowRight');
      await page.keyboard.press('Enter');
      await page.locator('.map-chosen li').first().waitFor();
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save PNG' }).click();
      const file = await download;
      assert.equal(file.suggestedFilename(), 'Example: sixty sentences-map.png'.replace(':', '_'));
      const stage = await page.getByRole('application').boundingBox();
      const bytes: Buffer[] = [];
      for await (const chunk of await file.createReadStream()) bytes.push(chunk as Buffer);
      const base64 = Buffer.concat(bytes).toString('base64');
      const saved = await page.evaluate<{
        ink: string;
        width: number;
        legend: string[];
        points: string[];
      }>(`(async () => {
        const bytes = Uint8Array.from(atob('${base64}'), (byte) => byte.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
        context.drawImage(image, 0, 0);
        const colors = (x, width) => {
          const { data } = context.getImageData(x, 100, width, image.height - 100);
          const hex = (pixel) => '#' + [pixel, pixel >> 8, pixel >> 16].map((byte) => (byte & 255).toString(16).padStart(2, '0')).join('');
          return [...new Set(new Uint32Array(data.buffer))].map(hex);
        };
        const ink = getComputedStyle(document.querySelector('.map-stage')).color;
        return { ink, width: image.width, points: colors(0, image.width - 720), legend: colors(image.width - 720, 720) };
      })()`);
      assert.equal(saved.width, 2 * (Math.round((stage?.width ?? 0) - 2) + 360));
      for (const color of groupColors.light.slice(0, Object.keys(exampleTexts).length)) {
        assert.ok(saved.points.includes(color) && saved.legend.includes(color), color);
      }
      assert.ok(saved.points.includes(hexOf(saved.ink)), saved.ink);
    }));

  it('shows the texts that have a vector while others are embedded, and takes those in when asked', () =>
    withMap({ section: 'search' }, async ({ page }) => {
      let open: () => void = () => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      let requests = 0;
      await page.route('**/v1/embeddings', async (route) => {
        requests++;
        if (requests > 2) await gate;
        await route.continue();
      });
      await page.getByText('Paste texts').click();
      await page
        .getByLabel('Texts, one a line')
        .fill(Array.from({ length: 200 }, (_, i) => `Text number ${i}`).join('\n'));
      await page.getByRole('button', { name: 'Embed them' }).click();
      await page.getByText('64 of 200 embedded').or(page.getByText('128 of 200 embedded')).waitFor();
      await page.getByRole('link', { name: 'Map', exact: true }).click();
      await page.getByRole('application', { name: /Map of (64|128) texts/ }).waitFor();
      await settled(page);
      const isFull = await page.getByRole('application', { name: 'Map of 128 texts' }).count();
      if (isFull === 0) await page.getByRole('button', { name: 'Take in 64 more texts' }).click();
      await page.getByRole('application', { name: 'Map of 128 texts' }).waitFor();
      open();
      await page.getByRole('application', { name: 'Map of 200 texts' }).waitFor();
      await settled(page);
    }));

  it('changes at once where the user wants no motion', () =>
    withMap({ context: { reducedMotion: 'reduce' } }, async (opened) => {
      const { page } = opened;
      await page.getByRole('button', { name: 'Map sixty sentences' }).click();
      await settled(page);
      await page.getByRole('radio', { name: 'PCA' }).check({ force: true });
      const [first, second] = await page.evaluate<[string, string]>(`(async () => {
        const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        const canvas = document.querySelector('.map-stage canvas');
        await frame();
        const first = canvas.toDataURL();
        await new Promise((resolve) => setTimeout(resolve, 300));
        return [first, canvas.toDataURL()];
      })()`);
      assert.equal(first, second);
    }));

  /** What the page must find: texts with their scores, best first, from vectors in full and as JSON numbers. */
  async function nearestByApi(): Promise<(text: string) => string[]> {
    const answer = await service.post('/v1/embeddings', { model: 'starter', input: texts, input_type: 'document' });
    const { data } = (await answer.json()) as { data: { embedding: number[] }[] };
    return (text) => {
      const own = data[texts.indexOf(text)]?.embedding ?? [];
      return data
        .map(({ embedding }, i) => ({
          text: texts[i],
          score: embedding.reduce((sum, value, d) => sum + value * (own[d] ?? 0), 0),
        }))
        .filter((other) => other.text !== text)
        .sort((a, b) => b.score - a.score)
        .slice(0, 10)
        .map(({ text, score }) => `${score.toFixed(3)} ${text}`);
    };
  }
});

/** Until the map is computed and nothing moves. */
async function settled(page: Page): Promise<void> {
  await page.locator('.map-stage[data-settled=true]').waitFor();
  await still(page);
}

/** Until two pictures a while apart are the same. */
async function still(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    const canvas = document.querySelector('.map-stage canvas');
    for (let before = '', now = canvas.toDataURL(); now !== before; ) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      before = now;
      now = canvas.toDataURL();
    }
  })()`);
}

/** Pixels with a ring, a line or a number. */
function markedPixels(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector('.map-stage canvas + canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((_, i) => i % 4 === 3).filter((alpha) => alpha > 0).length;
  })()`);
}

/** @param color `rgb(1, 2, 3)` */
function hexOf(color: string): string {
  const channels = color.match(/\d+/g) ?? [];
  return `#${channels.map((channel) => Number(channel).toString(16).padStart(2, '0')).join('')}`;
}

/** The points as they are drawn: what tells one picture from another, and how many colors it has, its ground among them. */
function picture(page: Page): Promise<{ hash: string; colors: number }> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector('.map-stage canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const pixels = new Uint32Array(data.buffer);
    const counts = new Map();
    let hash = 0;
    for (const pixel of pixels) {
      hash = (Math.imul(hash, 31) + pixel) | 0;
      if (pixel >>> 24 === 255) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    }
    // Of points, not of their edges.
    return { hash: String(hash), colors: [...counts.values()].filter((count) => count > 80).length };
  })()`);
}

/** Goes to some text by arrow keys. */
async function labelByKeyboard(page: Page): Promise<{ text: string; x: number; y: number }> {
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown']) await page.getByRole('application').press(key);
  const label = page.locator('.map-label');
  const text = (await label.locator('p').first().textContent()) ?? '';
  const place = (name: string) =>
    label.evaluate((element, name) => (element as unknown as Styled).style.getPropertyValue(name), name);
  return { text, x: Number.parseFloat(await place('--x')), y: Number.parseFloat(await place('--y')) };
}

interface Styled {
  style: { getPropertyValue: (name: string) => string };
}

/** `0.123 the text`, as they are listed. */
async function shownNeighbors(page: Page): Promise<string[]> {
  await page.locator('.map-chosen ol button').nth(9).waitFor();
  const buttons = await page.locator('.map-chosen ol button').all();
  return Promise.all(
    buttons.map(
      async (button) =>
        `${await button.locator('.score').textContent()} ${await button.locator('.name').textContent()}`,
    ),
  );
}
