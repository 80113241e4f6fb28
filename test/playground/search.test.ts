import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import type { Browser, Page } from 'playwright-core';
import { exampleTexts } from '../../playground/collection/example-texts.ts';
import { withoutChromium } from '../support/chromium.ts';
import { openPlayground, type PlaygroundPage, startBrowser } from '../support/playground-page.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { staticFixtures } from '../support/static-fixtures.ts';
import { until } from '../support/supervised-engine.ts';

const MAX_INPUT_TOKENS = 300;
const texts = Object.values(exampleTexts).flat();
const bulkTexts = Array.from({ length: 640 }, (_, i) => `Sentence number ${i}: ${texts[i % texts.length]}`);
/** A file to choose, with a text a line. */
const textFile = { name: 'sentences.txt', mimeType: 'text/plain', buffer: Buffer.from(bulkTexts.join('\n')) };

/** Records of vectors that the browser keeps; a promise. */
const COUNT_VECTORS = `new Promise((resolve) => {
  const open = indexedDB.open('hotvec-playground');
  open.onsuccess = () => {
    const count = open.result.transaction('vectors').objectStore('vectors').count();
    count.onsuccess = () => {
      open.result.close();
      resolve(count.result);
    };
  };
})`;

/** Loses the vectors of the rows from 320 on; a promise. */
const DELETE_A_RECORD = `new Promise((resolve) => {
  const open = indexedDB.open('hotvec-playground');
  open.onsuccess = () => {
    const vectors = open.result.transaction('vectors', 'readwrite').objectStore('vectors');
    const keys = vectors.getAllKeys();
    keys.onsuccess = () => {
      vectors.delete(keys.result.find(([, , first]) => first === 320)).onsuccess = () => {
        open.result.close();
        resolve();
      };
    };
  };
})`;

describe('Search in the playground', { skip: withoutChromium }, () => {
  let browser: Browser;
  let service: RunningService;
  before(async () => {
    const settings = { model: 'starter,starter-reranker', maxInputTokens: MAX_INPUT_TOKENS, maxBodyBytes: 20_000 };
    [browser, service] = await Promise.all([startBrowser(), startService(settings)]);
  });
  after(async () => {
    await browser.close();
    await service.close();
  });

  /** Uses the section, and then sees that nothing was wrong with the page. */
  async function withSearch(use: (opened: PlaygroundPage) => Promise<void>, url = service.url): Promise<void> {
    const opened = await openPlayground(browser, { url, section: 'search' });
    try {
      await use(opened);
      assert.deepEqual(await opened.faults(), []);
    } finally {
      await opened.close();
    }
  }

  const search = async ({ page }: PlaygroundPage, query: string) => {
    await page.getByLabel('Search these texts').fill(query);
    // The answer to this query, not to the one before.
    await page.locator(`.results[data-query="${query}"]`).waitFor();
  };
  const found = ({ page }: PlaygroundPage) => page.locator('.result .text').allInnerTexts();
  const choose = (page: Page, ...file: Parameters<Page['setInputFiles']>[1][]) =>
    page.setInputFiles('input[type=file]', file[0] as typeof textFile);
  const isWhole = ({ page }: PlaygroundPage) => page.locator('progress').waitFor({ state: 'detached' });

  it('shows an example at once, and finds in it what the API finds', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      await page.getByRole('button', { name: 'Open the example' }).click();
      await page.locator('.result').first().waitFor();
      await isWhole(opened);
      for (const query of ['storm on another planet', 'How can I protect my files?']) {
        await search(opened, query);
        await page.getByText('nearest of 60 texts').waitFor();
        const answer = await service.post('/v1/similarity', {
          model: 'starter',
          queries: query,
          documents: texts,
          top_k: 50,
        });
        const { results } = (await answer.json()) as { results: { index: number; score: number }[][] };
        assert.deepEqual(
          await found(opened),
          results[0]?.map(({ index }) => texts[index]),
        );
        const scores = await page.locator('.result .score').allInnerTexts();
        for (const [place, { score }] of (results[0] ?? []).entries()) {
          assert.ok(Math.abs(Number(scores[place]) - score) <= 0.00051, `${scores[place]} is not ${score}`);
        }
      }
      assert.deepEqual(await opened.accessibilityProblems(), []);
    }));

  it('drops the answer to what is no longer asked', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      await page.getByRole('button', { name: 'Open the example' }).click();
      await page.locator('.result').first().waitFor();
      await isWhole(opened);
      const seen = new Set<string>();
      await page.exposeFunction('see', (query: string) => seen.add(query));
      await page.evaluate(
        `new MutationObserver(() => see(document.querySelector('.results')?.dataset.query)).observe(document.querySelector('.search-section'), { attributes: true, childList: true, subtree: true })`,
      );
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route('**/v1/embeddings', async (route) => {
        const isFirst = route.request().postDataJSON().input === 'asked first';
        const response = await route.fetch();
        if (isFirst) await released;
        // The page may have given it up.
        await route.fulfill({ response }).catch(() => undefined);
      });
      await page.getByLabel('Search these texts').fill('asked first');
      await page.waitForRequest((request) => request.postDataJSON()?.input === 'asked first');
      await search(opened, 'asked second');
      release();
      await search(opened, 'asked third');
      assert.ok(seen.has('asked third') && !seen.has('asked first'), [...seen].join());
      await page.unrouteAll({ behavior: 'ignoreErrors' });
    }));

  it('ranks what it found by the reranker, and shows both orders', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      await page.getByRole('button', { name: 'Open the example' }).click();
      await isWhole(opened);
      const query = 'storm on another planet';
      await search(opened, query);
      await page.getByText('nearest of 60 texts').waitFor();
      const before = await found(opened);
      await page.getByRole('button', { name: 'Rerank the top 50' }).click();
      await page.getByRole('group', { name: 'Order by' }).waitFor();
      const answer = await service.post('/v1/rerank', { model: 'starter-reranker', query, documents: before });
      const { results } = (await answer.json()) as { results: { index: number; relevance_score: number }[] };
      assert.deepEqual(
        await found(opened),
        results.map(({ index }) => before[index]),
      );
      // Each says where it was before.
      const moved = await page.locator('.result .moved').allInnerTexts();
      assert.deepEqual(
        moved.map((words) => Number(/(\d+) by vectors/.exec(words)?.[1])),
        results.map(({ index }) => index + 1),
      );
      assert.deepEqual(await opened.accessibilityProblems(), []);
      await page.getByRole('radio', { name: /vectors/ }).check();
      assert.deepEqual(await found(opened), before);
      // Another query has another ranking, which can be asked for when its own texts are there.
      await search(opened, 'something else');
      const rankAgain = page.getByRole('button', { name: 'Rerank the top 50' });
      await rankAgain.waitFor();
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route('**/v1/embeddings', async (route) => {
        await released;
        await route.continue();
      });
      const asked = page.waitForRequest('**/v1/embeddings');
      await page.getByLabel('Search these texts').fill('a third query');
      await asked;
      const isEarly = await rankAgain.isEnabled();
      const isBusy = () => page.locator('.results').getAttribute('aria-busy');
      const wasBusy = await isBusy();
      assert.deepEqual(await opened.accessibilityProblems(), []);
      release();
      assert.deepEqual([isEarly, wasBusy], [false, 'true']);
      await page.locator('.results[data-query="a third query"]').waitFor();
      assert.equal(await isBusy(), 'false');
      await rankAgain.click();
      await page.getByRole('group', { name: 'Order by' }).waitFor();
    }));

  it('says of a text that the reranker cannot read why, and ranks the others', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      await page.getByText('Paste texts').click();
      await page.getByLabel('Texts, one a line').fill(`short\n${'word '.repeat(MAX_INPUT_TOKENS - 20)}\nanother`);
      await page.getByRole('button', { name: 'Embed them' }).click();
      await isWhole(opened);
      await search(opened, 'word');
      await page.getByText('The 3 nearest of 3 texts').waitFor();
      await page.getByRole('button', { name: 'Rerank the top 3' }).click();
      await page.getByRole('group', { name: 'Order by' }).waitFor();
      assert.deepEqual((await page.locator('.result .rank').allInnerTexts()).at(-1), '–');
      // The API calls it by its place in the request: documents[0].
      assert.match(await page.locator('.result .error:visible').innerText(), /^this text .*300/);
    }));

  it('embeds the chosen column of a file, shows why some rows have no vector, and finds the others', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      // Too long for a request, for the model, and not at all.
      const csv = [
        'key;sentence',
        `1;${'word '.repeat(5000)}`,
        `2;${'word '.repeat(400)}`,
        '3;',
        ...texts.map((text, i) => `${i + 4};"${text}"`),
      ].join('\r\n');
      await choose(page, { name: 'table.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
      assert.equal(await page.getByLabel('Column of the texts').inputValue(), '1');
      const shown = (await page.locator('.beginning td').allTextContents()).map(({ length }) => length);
      assert.equal(Math.max(...shown), 300);
      assert.deepEqual(await opened.accessibilityProblems(), []);
      await page.setViewportSize({ width: 360, height: 640 });
      assert.equal(await opened.scrollsSideways(), false);
      await page.getByRole('button', { name: 'Embed 63 texts' }).click();
      await isWhole(opened);
      await page.getByText('3 texts have no vector').click();
      const reasons = await page.locator('.failed li').allInnerTexts();
      assert.equal(reasons.length, 3);
      for (const [place, words] of [
        /^Text 1: .*20,?000/,
        // The API calls them by their places in the request: input[0].
        /^Text 2: this text .*300/,
        /^Text 3: this text .*empty/,
      ].entries()) {
        assert.match(reasons[place] ?? '', words);
      }
      await search(opened, 'How can I protect my files?');
      await page.getByText('nearest of 60 texts').waitFor();
      assert.match((await found(opened))[0] ?? '', /Back up your files/);
      assert.match(await page.locator('.result').first().innerText(), /key\s+55/);
      assert.equal(await opened.scrollsSideways(), false);
      await page.emulateMedia({ colorScheme: 'dark' });
      assert.deepEqual(await opened.accessibilityProblems(), []);
    }));

  it('takes a dropped .jsonl and pasted lines', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      await page.locator('.drop').waitFor();
      const rest = texts.slice(1).map((text, id) => JSON.stringify({ id, body: { nested: text }, text }));
      const exact = '"id":12345678901234567890,"body":{"n":1.50}';
      const lines = [`{${exact},"text":${JSON.stringify(texts[0])}}`, ...rest];
      await page.evaluate(
        `{
          const transfer = new DataTransfer();
          transfer.items.add(new File([${JSON.stringify(lines.join('\n'))}], 'dropped.jsonl'));
          const zone = document.querySelector('.drop');
          for (const kind of ['dragover', 'drop']) {
            zone.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
          }
        }`,
      );
      await page.getByLabel('Field of the texts').selectOption('text');
      await page.getByRole('button', { name: 'Embed 60 texts' }).click();
      await isWhole(opened);
      await search(opened, texts[0] as string);
      await page.getByText('nearest of 60 texts').waitFor();
      // Numbers that float64 does not hold stay as they are written.
      const cells = await page
        .locator('.result', { hasText: texts[0] as string })
        .locator('.cells')
        .innerText();
      assert.match(cells, /12345678901234567890[\s\S]*\{"n":1\.50\}/);
      await page.getByText('Open other texts').click();
      await page.getByText('Paste texts').click();
      await page.getByLabel('Texts, one a line').fill('a dog barks\n\na cat meows\n');
      await page.getByRole('button', { name: 'Embed them' }).click();
      await page.getByText('1 blank line was left out.').waitFor();
      await search(opened, 'feline');
      await page.getByText('The 2 nearest of 2 texts').waitFor();
    }));

  it('says what it cannot read', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      const refused: [name: string, bytes: Buffer, words: RegExp][] = [
        ['report.pdf', Buffer.from('%PDF'), /none of .txt, .csv/],
        ['latin.txt', Buffer.from([0x6e, 0xe4, 0x68]), /UTF-8/],
        ['broken.jsonl', Buffer.from('{"a":1}\n{"a"'), /Line 2 is not JSON/],
        ['empty.csv', Buffer.alloc(0), /no texts/],
      ];
      for (const [name, buffer, words] of refused) {
        await choose(page, { name, mimeType: '', buffer });
        await page.getByRole('alert').filter({ hasText: name }).filter({ hasText: words }).waitFor();
      }
    }));

  it('pauses, stays so after a reload, goes on from there, and keeps it all', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      const release = await holdAfter(page, 3);
      await choose(page, textFile);
      await page.getByText(/^192 of 640 embedded/).waitFor();
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText('192 of 640 embedded · stopped').waitFor();
      release();
      await page.reload();
      await page.getByText('192 of 640 embedded · stopped').waitFor();
      const asked: string[][] = [];
      const ways = new Set<string>();
      page.on('request', (request) => {
        const body = request.url().endsWith('/v1/embeddings') ? request.postDataJSON() : null;
        if (!Array.isArray(body?.input)) return;
        asked.push(body.input);
        const headers = request.headers();
        const { input_type: type, encoding_format: format, on_error: onError } = body;
        ways.add([headers['x-priority'], headers['x-expect-fingerprint'], type, format, onError].join());
      });
      await page.getByRole('button', { name: 'Resume' }).click();
      await isWhole(opened);
      assert.deepEqual(asked.flat(), bulkTexts.slice(192));
      assert.deepEqual([...new Set(asked.map(({ length }) => length))], [64]);
      assert.deepEqual([...ways], ['bulk,a8d13dde36d181ad,document,base64,partial']);
      await page.reload();
      await page.getByText('640 texts').waitFor();
      await search(opened, bulkTexts[600] as string);
      await page.getByText('nearest of 640 texts').waitFor();
      assert.equal((await found(opened))[0], bulkTexts[600]);
    }));

  it('goes on by itself after a reload in the middle', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      await holdAfter(page, 3);
      await choose(page, textFile);
      await page.getByText(/^192 of 640 embedded/).waitFor();
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.reload();
      await page.getByText('640 texts').waitFor();
      await isWhole(opened);
      await search(opened, bulkTexts[639] as string);
      await page.getByText('nearest of 640 texts').waitFor();
      assert.equal((await found(opened))[0], bulkTexts[639]);
      // What was lost is embedded again, and what comes after it.
      await page.evaluate(DELETE_A_RECORD);
      const asked: string[] = [];
      page.on('request', (request) => {
        const body = request.url().endsWith('/v1/embeddings') ? request.postDataJSON() : null;
        if (Array.isArray(body?.input)) asked.push(...body.input);
      });
      await page.reload();
      await page.getByText('640 texts').waitFor();
      await isWhole(opened);
      assert.deepEqual(asked, bulkTexts.slice(320));
    }));

  it('keeps what is embedded when it is canceled, and deletes it for good', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      await holdAfter(page, 2);
      await choose(page, textFile);
      await page.getByText(/^128 of 640 embedded/).waitFor();
      await page.getByRole('button', { name: 'Cancel the rest' }).click();
      await isWhole(opened);
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.reload();
      await page.getByText('128 texts').waitFor();
      await search(opened, bulkTexts[127] as string);
      await page.getByText('nearest of 128 texts').waitFor();
      await page.getByRole('button', { name: 'Delete sentences.txt' }).click();
      await page.getByRole('button', { name: 'Really delete sentences.txt' }).click();
      await page.getByText('Drop a file of texts here').waitFor();
      await page.reload();
      await page.getByText('Drop a file of texts here').waitFor();
      assert.equal(await page.getByText('sentences.txt').count(), 0);
    }));

  it('says in one tab that another canceled or deleted what it embeds, and leaves nothing behind', () =>
    withSearch(async ({ page }) => {
      await holdAfter(page, 4);
      await choose(page, textFile);
      await page.getByText(/^256 of 640 embedded/).waitFor();
      const other = await page.context().newPage();
      await holdAfter(other, 1);
      await other.goto(`${service.url}#search`);
      await other.getByText(/^320 of 640 embedded/).waitFor();
      await other.getByRole('button', { name: 'Cancel the rest' }).click();
      await other.getByText('320 texts').waitFor();
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.getByText('another tab canceled the rest of it.').waitFor();
      await other.reload();
      await other.getByText('320 texts').waitFor();
      assert.equal(await other.getByText('could not keep').count(), 0);
      await other.getByRole('button', { name: 'Delete sentences.txt' }).click();
      await other.getByRole('button', { name: 'Really delete sentences.txt' }).click();
      await other.getByText('Drop a file of texts here').waitFor();
      assert.equal(await other.evaluate(COUNT_VECTORS), 0);
    }));

  it('writes texts, columns and the very vectors of the API into files', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      await page.getByRole('button', { name: 'Open the example' }).click();
      await isWhole(opened);
      const answer = await service.post('/v1/embeddings', { model: 'starter', input: texts, input_type: 'document' });
      const { data } = (await answer.json()) as { data: { embedding: number[] }[] };
      const expected = texts.map((text, i) => ({
        text,
        topic: Object.keys(exampleTexts)[Math.floor(i / 10)],
        embedding: data[i]?.embedding.map(Math.fround),
      }));
      const save = async (title: string) => {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('button', { name: `Save texts and vectors as ${title}` }).click(),
        ]);
        return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
      };
      const asFloats = (rows: Record<string, unknown>[]) =>
        rows.map((row) => ({ ...row, embedding: Array.from(row.embedding as number[], Math.fround) }));
      const lines = await save('JSONL');
      assert.equal(path.extname(lines.name), '.jsonl');
      const objects = lines.bytes
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.deepEqual(asFloats(objects), expected);
      const { bytes } = await save('Parquet');
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
      assert.deepEqual(asFloats(await parquetReadObjects({ file })), expected);
    }));

  it('works in memory where the browser keeps nothing, and says so', async () => {
    const opened = await openPlayground(browser, { url: service.url, section: 'search' });
    const { page } = opened;
    await page.addInitScript(
      `IDBFactory.prototype.open = () => { throw new DOMException('not here', 'SecurityError'); }`,
    );
    await page.reload();
    await page.getByRole('button', { name: 'Open the example' }).click();
    await page.getByText(/keeps nothing for this page/).waitFor();
    await search(opened, 'storm on another planet');
    assert.match((await found(opened))[0] ?? '', /Jupiter/);
    assert.deepEqual(await opened.faults(), []);
    await opened.close();
  });

  it('says that the browser is full, and keeps it all once there is room', () =>
    withSearch(async (opened) => {
      const { page } = opened;
      const devtools = await page.context().newCDPSession(page);
      const origin = new URL(service.url).origin;
      await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 400_000 });
      await page.reload();
      await page.getByRole('button', { name: 'Open the example' }).click();
      await isWhole(opened);
      await choose(page, textFile);
      await page.getByText(/no more room/).waitFor();
      await isWhole(opened);
      await search(opened, bulkTexts[600] as string);
      assert.equal((await found(opened))[0], bulkTexts[600]);
      assert.ok((await page.evaluate<number>(COUNT_VECTORS)) < 10);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin });
      await page.getByText('Open other texts').click();
      await page.getByRole('button', { name: /^Delete Example/ }).click();
      await page.getByRole('button', { name: /^Really delete Example/ }).click();
      await page.getByText(/no more room/).waitFor({ state: 'detached' });
      // Playwright's waitForFunction takes a promise in a string for true, whatever it becomes.
      await until(async () => (await page.evaluate(COUNT_VECTORS)) === 10);
      await page.reload();
      await page.getByText('640 texts').waitFor();
      assert.equal(await page.locator('progress').count(), 0);
    }));

  it('goes on when the engine is killed meanwhile', async () => {
    const other = await startService({ model: 'starter' });
    try {
      await withSearch(async (opened) => {
        const { page } = opened;
        const release = await holdAfter(page, 2);
        await choose(page, textFile);
        await page.getByText(/^128 of 640 embedded/).waitFor();
        process.kill(other.engineProcessId() as number, 'SIGKILL');
        release();
        await isWhole(opened);
        assert.equal(await page.locator('.failed').count(), 0);
        await search(opened, bulkTexts[400] as string);
        await page.getByText('nearest of 640 texts').waitFor();
        assert.equal((await found(opened))[0], bulkTexts[400]);
      }, other.url);
    } finally {
      await other.close();
    }
  });

  it('says that the model has changed, and starts again with the new one', async () => {
    let other = await startService({ model: 'starter' });
    const { url } = other;
    try {
      await withSearch(async (opened) => {
        const { page } = opened;
        const release = await holdAfter(page, 2);
        await choose(page, textFile);
        await page.getByText(/^128 of 640 embedded/).waitFor();
        await other.close();
        const model = path.join(staticFixtures, 'model2vec');
        other = await startService({ model, servedModelName: 'starter', port: Number(new URL(url).port) });
        release();
        await page.getByText('The model has changed.').waitFor();
        assert.ok(await page.getByLabel('Search these texts').isDisabled());
        assert.match(await page.locator('.progress').innerText(), /fingerprint/);
        assert.deepEqual(await opened.accessibilityProblems(), []);
        await page.getByRole('button', { name: 'Start again with starter' }).click();
        await isWhole(opened);
        await search(opened, bulkTexts[400] as string);
        await page.getByText('nearest of 640 texts').waitFor();
        // What the API refuses is said beside its field.
        await page.getByText('Instruction and request').click();
        await page.getByLabel('Instruction before the query').fill('Find a sentence');
        await page.locator('#search-instruction-error').filter({ hasText: 'not trained with instructions' }).waitFor();
      }, url);
    } finally {
      await other.close();
    }
  });
});

/** Lets so many requests for documents' vectors through; the others wait until they are released. */
async function holdAfter(page: Page, count: number): Promise<() => void> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let seen = 0;
  await page.route('**/v1/embeddings', async (route) => {
    const isBulk = Array.isArray(route.request().postDataJSON().input);
    if (isBulk && seen++ >= count) await released;
    // It may have been given up meanwhile.
    await route.continue().catch(() => undefined);
  });
  return release;
}
