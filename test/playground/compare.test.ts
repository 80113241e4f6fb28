import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { exampleDocuments, exampleQueries } from '../../playground/compare/example.ts';
import { formatScore } from '../../playground/compare/format-score.ts';
import type { SimilarityAnswer } from '../http/answers.ts';
import { withoutChromium } from '../support/chromium.ts';
import { type OpenOptions, openPlayground, type PlaygroundPage, startBrowser } from '../support/playground-page.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const QUERIES = exampleQueries.split('\n');
const DOCUMENTS = exampleDocuments.split('\n');
/** Of tokens; the reranker's template needs half of it. */
const LIMIT = 200;

describe('Compare in a real browser', { skip: withoutChromium }, () => {
  let browser: Browser;
  let service: RunningService;
  before(async () => {
    [browser, service] = await Promise.all([
      startBrowser(),
      startService({ model: 'starter,starter-reranker', maxInputTokens: LIMIT }),
    ]);
  });
  after(async () => {
    await browser.close();
    await service.close();
  });

  /** Uses the section once it shows its example, and then sees that nothing was wrong. */
  async function withCompare(
    use: (page: Page, opened: PlaygroundPage) => Promise<void>,
    options: Partial<OpenOptions> = {},
  ): Promise<void> {
    const opened = await openPlayground(browser, { url: service.url, section: 'compare', ...options });
    try {
      await opened.page.locator('.heatmap svg').first().waitFor();
      await opened.page.getByText('The same as a table').click();
      await use(opened.page, opened);
      assert.deepEqual(await opened.faults(), []);
    } finally {
      await opened.close();
    }
  }

  const answerOf = async (body: object) =>
    (await (await service.post('/v1/similarity', body)).json()) as SimilarityAnswer;

  /** The scores in a table of the section, as it has them. */
  const tableOf = (page: Page, name: RegExp) =>
    page
      .getByRole('table', { name })
      .locator('tbody tr')
      .evaluateAll((rows) =>
        rows.map((row) => [...row.querySelectorAll('data')].map((data) => Number(data.getAttribute('value')))),
      );

  const heatmap = (page: Page, title: string) =>
    page.locator('.heatmap').filter({ has: page.getByRole('heading', { name: title }) });

  /** Waits until the table of the vectors has these scores. */
  async function hasScores(page: Page, scores: number[][]): Promise<void> {
    for (;;) {
      const shown = await tableOf(page, /^Scores by vectors/);
      if (JSON.stringify(shown) === JSON.stringify(scores)) return;
      await page.waitForTimeout(50);
    }
  }

  it('shows the scores of the API, each in its cell, and marks the best of each row', () =>
    withCompare(async (page) => {
      const { scores } = await answerOf({ queries: QUERIES, documents: DOCUMENTS });
      await hasScores(page, scores);
      // Of what is drawn now: a reranker that is done has it drawn anew.
      const shown = await heatmap(page, 'By vectors')
        .locator('.drawing')
        .evaluate((drawing) =>
          [...drawing.querySelectorAll('[aria-label="text"] text')].map((text) => {
            const { x, y } = text.getBoundingClientRect();
            return { x, y, value: text.textContent, isBest: text.closest('[font-weight="700"]') !== null };
          }),
        );
      shown.sort((a, b) => Math.round((a.y - b.y) / 10) || a.x - b.x);
      assert.deepEqual(
        shown.map(({ value }) => value),
        scores.flat().map(formatScore),
      );
      const best = scores.map((row) => row.indexOf(Math.max(...row)));
      assert.deepEqual(
        shown.flatMap(({ isBest }, i) => (isBest ? [i] : [])),
        best.map((column, row) => row * DOCUMENTS.length + column),
      );
      const marked = page.getByRole('table', { name: /^Scores by vectors/ }).locator('td.best');
      assert.deepEqual(
        await marked.locator('data').evaluateAll((all) => all.map((data) => Number(data.getAttribute('value')))),
        scores.map((row) => Math.max(...row)),
      );
    }));

  it('shows the scores of the reranker beside them, and the rows where it chooses another document', () =>
    withCompare(async (page) => {
      const ranked = await Promise.all(
        QUERIES.map(async (query) => {
          const response = await service.post('/v1/rerank', { query, documents: DOCUMENTS });
          const { results } = (await response.json()) as { results: { index: number; relevance_score: number }[] };
          return results.sort((a, b) => a.index - b.index).map(({ relevance_score }) => relevance_score);
        }),
      );
      const { scores } = await answerOf({ queries: QUERIES, documents: DOCUMENTS });
      await page.locator('.agreement').waitFor();
      assert.deepEqual(await tableOf(page, /^Scores by the reranker/), ranked);
      const bestOf = (matrix: number[][]) => matrix.map((row) => row.indexOf(Math.max(...row)));
      const [byVectors, byReranker] = [bestOf(scores), bestOf(ranked)];
      const differing = byVectors.flatMap((best, row) => (best === byReranker[row] ? [] : [row + 1]));
      assert.ok(differing.length > 0 && differing.length < QUERIES.length);
      for (const title of ['By vectors', 'By the reranker']) {
        const labels = await heatmap(page, title).locator('text', { hasText: '≠' }).allTextContents();
        assert.deepEqual(
          labels.map((label) => Number(/\d+/.exec(label)?.[0])),
          differing,
        );
      }
      const said = await page.locator('.agreement').textContent();
      assert.match(said ?? '', new RegExp(`For ${differing.length} of ${QUERIES.length} queries`));
    }));

  it('says of a pair both texts, its score and its place, for the pointer and for keys', () =>
    withCompare(async (page) => {
      const { scores } = await answerOf({ queries: QUERIES, documents: DOCUMENTS });
      await page.locator('.agreement').waitFor();
      const readout = page.locator('.readout');
      const says = async (row: number, column: number) => {
        const line = scores[row] as number[];
        const place = 1 + line.filter((score) => score > (line[column] as number)).length;
        for (const text of [
          QUERIES[row],
          DOCUMENTS[column],
          `${formatScore(line[column] as number)}, place ${place} of ${DOCUMENTS.length}`,
        ]) {
          await readout
            .getByText(text as string)
            .first()
            .waitFor();
        }
      };
      for (const title of ['By vectors', 'By the reranker']) {
        const value = heatmap(page, title).locator('[aria-label="text"] text').first();
        await value.hover();
      }
      const frame = heatmap(page, 'By vectors').locator('.frame');
      await frame.focus();
      for (const key of ['Home', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowUp']) await page.keyboard.press(key);
      await says(0, 0);
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowDown');
      await says(1, 1);
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowRight');
      await says(1, DOCUMENTS.length - 1);
      const cell = page.locator('.heatmap').first().locator('.selected');
      const box = await cell.boundingBox();
      await page.mouse.move((box?.x ?? 0) + 10, (box?.y ?? 0) + (box?.height ?? 0) + 10);
      await says(2, DOCUMENTS.length - 1);
    }));

  it('follows the slider, and drops an answer that comes too late', () =>
    withCompare(async (page) => {
      const requests: number[] = [];
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route('**/v1/similarity', async (route) => {
        const { dimensions } = JSON.parse(route.request().postData() ?? '{}');
        requests.push(dimensions);
        if (dimensions === 32) await held;
        await route.continue().catch(() => {});
      });
      const slider = page.getByRole('slider', { name: /Dimensions/ });
      await slider.fill('0');
      await page.waitForRequest('**/v1/similarity');
      // The smallest is held; what is asked after it is answered first.
      await slider.fill('4');
      const { scores } = await answerOf({ queries: QUERIES, documents: DOCUMENTS, dimensions: 64 });
      await hasScores(page, scores);
      release();
      await page.waitForTimeout(300);
      assert.deepEqual(await tableOf(page, /^Scores by vectors/), scores);
      assert.deepEqual(requests, [32, 64]);
      assert.equal(await page.getByRole('spinbutton', { name: 'Dimensions' }).inputValue(), '64');
    }));

  it('shows the prompts as they are put before each side, and those of an instruction', () =>
    withCompare(async (page) => {
      const { prompts } = (await (await fetch(`${service.url}/v1/models/starter`)).json()) as {
        prompts: { query: string };
      };
      const [queries, documents] = [page.locator('.side').nth(0), page.locator('.side').nth(1)];
      const put = async (side: typeof queries) =>
        ((await side.locator('code').textContent()) ?? '').replaceAll('⏎', '');
      await queries.locator('code').waitFor();
      assert.equal(await put(queries), prompts.query);
      await documents.getByText('with nothing put before').waitFor();

      await documents.getByRole('combobox').selectOption('query');
      await documents.locator('code').waitFor();
      assert.equal(await put(documents), prompts.query);
      const asQueries = { queries: QUERIES, documents: DOCUMENTS, document_input_type: 'query' };
      await hasScores(page, (await answerOf(asQueries)).scores);

      await page.getByLabel(/^Instruction/).fill('Find the city');
      await page.getByText('Find the city').waitFor();
      assert.equal(await put(queries), 'Instruct: Find the city\nQuery:');
      const { scores } = await answerOf({ ...asQueries, instruction: 'Find the city' });
      await hasScores(page, scores);

      await page.getByLabel('Metric').selectOption('euclidean');
      const distances = await answerOf({ ...asQueries, instruction: 'Find the city', metric: 'euclidean' });
      await hasScores(page, distances.scores);
    }));

  it('shows an error of the API beside the field it names, and what was there before', () =>
    withCompare(async (page) => {
      const before = await tableOf(page, /^Scores by vectors/);
      const errorAt = (id: string) => page.locator(`#${id}`);
      await page.getByRole('spinbutton', { name: 'Dimensions' }).fill('7');
      await errorAt('compare-dimensions-error').getByText('dimensions is 7; this model supports 32 to 256.').waitFor();
      assert.deepEqual(await tableOf(page, /^Scores by vectors/), before);
      await page.getByRole('spinbutton', { name: 'Dimensions' }).fill('');
      await errorAt('compare-dimensions-error').waitFor({ state: 'hidden' });

      // Empty lines are no texts, but they count as lines.
      await page.getByLabel(/^Queries/).fill(`one\n\n${'word '.repeat(2 * LIMIT)}`);
      await errorAt('compare-queries-error')
        .getByText(/^queries\[1\] has .* tokens/)
        .waitFor();
      await page.getByText('That is line 3.').waitFor();
      // A text that has room for itself, but not beside a query.
      const documents = page.getByLabel(/^Documents/);
      await page.getByLabel(/^Queries/).fill('\none');
      await documents.fill(`one\n\n${'word '.repeat(LIMIT - 20)}`);
      await page
        .locator('.by-reranker')
        .getByText(/^documents\[1\] has .* tokens/)
        .waitFor();
      await page.getByText('That is line 3 of the documents, with line 2 of the queries.').waitFor();
      await documents.fill(DOCUMENTS.join('\n'));
      assert.equal(await errorAt('compare-documents-error').isVisible(), false);
      await page.getByLabel('Read').first().selectOption('document');
      await page.getByLabel(/^Queries/).fill('one');
      await page.getByLabel(/^Instruction/).fill('Find');
      await errorAt('compare-instruction-error').getByText('An instruction is for queries').waitFor();
    }));

  it('compares fifty texts with fifty, says what it leaves out, and asks before it ranks so many', () =>
    withCompare(async (page) => {
      const texts = Array.from({ length: 53 }, (_, i) => `${i} apples and ${i * i} pears`);
      await page.getByLabel(/^Queries/).fill(texts.join('\n'));
      await page.getByLabel(/^Documents/).fill(texts.slice(0, 50).reverse().join('\r\n'));
      await page.getByText('up to 50 are compared, the last 3 are left out').waitFor();
      const body = { queries: texts.slice(0, 50), documents: texts.slice(0, 50).reverse() };
      await hasScores(page, (await answerOf(body)).scores);
      const cells = heatmap(page, 'By vectors').locator('.drawing [aria-label="cell"]').first().locator('rect');
      assert.equal(await cells.count(), 2500);
      const button = page.getByRole('button', { name: 'Score 2,500 pairs with starter-reranker' });
      await button.waitFor();
      await button.click();
      await page.getByText(/of 50 queries$/).waitFor();
      await page.getByLabel(/^Queries/).fill('stop');
      await page.getByText(/same best document for the query|For the query the reranker/).waitFor();
    }));

  it('lets a size be cleared and written anew', () =>
    withCompare(async (page) => {
      const field = page.getByRole('spinbutton', { name: 'Dimensions' });
      await field.fill('64');
      await hasScores(page, (await answerOf({ queries: QUERIES, documents: DOCUMENTS, dimensions: 64 })).scores);
      await field.fill('');
      await hasScores(page, (await answerOf({ queries: QUERIES, documents: DOCUMENTS })).scores);
      await field.pressSequentially('48');
      await hasScores(page, (await answerOf({ queries: QUERIES, documents: DOCUMENTS, dimensions: 48 })).scores);
      await field.fill('');
      await field.blur();
      assert.equal(await field.inputValue(), '256');
    }));

  it('covers nothing with what it says of a pair until one is chosen, and never the chosen one', () =>
    withCompare(
      async (page) => {
        const readout = page.locator('.readout');
        const bottom = (await heatmap(page, 'By vectors').boundingBox()) ?? { y: 0, height: 0 };
        assert.ok(((await readout.boundingBox())?.y ?? 0) >= bottom.y + bottom.height);
        await page.getByLabel(/^Queries/).fill(Array.from({ length: 40 }, (_, i) => `query ${i}`).join('\n'));
        await page.locator('.heatmap .drawing text', { hasText: 'query 39' }).waitFor();
        await heatmap(page, 'By vectors').locator('.frame').focus();
        for (let row = 1; row < 40; row++) await page.keyboard.press('ArrowDown');
        await readout.getByText('query 39').waitFor();
        await page.waitForFunction(
          `document.querySelector('.selected').getBoundingClientRect().bottom <
            document.querySelector('.readout').getBoundingClientRect().top`,
        );
      },
      { size: { width: 1280, height: 700 } },
    ));

  it('copies the request that is on screen', () =>
    withCompare(
      async (page) => {
        await page.getByRole('spinbutton', { name: 'Dimensions' }).fill('48');
        const { scores } = await answerOf({ queries: QUERIES, documents: DOCUMENTS, dimensions: 48 });
        await hasScores(page, scores);
        await page.getByRole('button', { name: 'curl' }).first().click();
        await page.getByText('Copied as curl').waitFor();
        const copied = await page.evaluate<string>('navigator.clipboard.readText()');
        assert.match(copied, /\/v1\/similarity/);
        // That it runs is seen in snippets.test.ts.
        const { dimensions, queries } = JSON.parse(/-d '([^']*)'/.exec(copied)?.[1] ?? '');
        assert.deepEqual([dimensions, queries], [48, QUERIES]);
      },
      { context: { permissions: ['clipboard-read', 'clipboard-write'] } },
    ));

  for (const [size, colorScheme] of [
    [{ width: 360, height: 740 }, 'dark'],
    [{ width: 3840, height: 2160 }, 'light'],
  ] as const) {
    it(`is usable by everyone with its tables open, ${size.width} px wide and ${colorScheme}`, () =>
      withCompare(
        async (page, opened) => {
          await page.locator('.agreement').waitFor();
          const links = page.getByRole('navigation').getByRole('link');
          assert.equal((await links.last().boundingBox())?.y, (await links.first().boundingBox())?.y);
          await page.locator('.frame').first().focus();
          assert.deepEqual(await opened.accessibilityProblems(), []);
          assert.equal(await opened.scrollsSideways(), false);
        },
        { size, colorScheme },
      ));
  }
});
