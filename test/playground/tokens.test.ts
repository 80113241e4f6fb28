import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { withoutChromium } from '../support/chromium.ts';
import { type OpenOptions, openPlayground, type PlaygroundPage, startBrowser } from '../support/playground-page.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const LIMIT = 3_000;
const TEXT = 'naïve 🙂 tokens\n\nof <|endoftext|> a\ttext ';

interface Answer {
  data: { count: number; tokens: number[]; prompt: string; pieces: { id: number; text: string }[] }[];
}

describe('Tokens in a real browser', { skip: withoutChromium }, () => {
  let browser: Browser;
  let service: RunningService;
  before(async () => {
    [browser, service] = await Promise.all([startBrowser(), startService({ maxInputTokens: LIMIT })]);
  });
  after(async () => {
    await browser.close();
    await service.close();
  });

  /** Uses the section once it shows its example, and then sees that nothing was wrong. */
  async function withTokens(
    use: (page: Page, opened: PlaygroundPage) => Promise<void>,
    options: Partial<OpenOptions> = {},
  ): Promise<void> {
    const opened = await openPlayground(browser, { url: service.url, section: 'tokens', ...options });
    try {
      await opened.page.locator('.token-list .token').first().waitFor();
      await use(opened.page, opened);
      assert.deepEqual(await opened.faults(), []);
    } finally {
      await opened.close();
    }
  }

  const answerOf = async (body: object) =>
    (await (await service.post('/v1/tokenize', { ...body, return_pieces: true })).json()) as Answer;

  const counted = (page: Page, count: number) =>
    page.locator('.count strong', { hasText: new RegExp(`^${count.toLocaleString('en-US')}$`) }).waitFor();

  it('shows the tokens of the API, the prompt and the special tokens as such, and how many there are', () =>
    withTokens(async (page) => {
      await page.getByRole('textbox', { name: 'Text' }).fill(TEXT);
      for (const kind of ['query', 'document']) {
        await page.getByLabel('Read').selectOption(kind);
        const { data } = await answerOf({ input: TEXT, input_type: kind });
        const item = data[0] as Answer['data'][number];
        await counted(page, item.count);
        const parts = await page.locator('.token-list .token').evaluateAll((all) =>
          all.map((part) => {
            const count = part.querySelector('sup')?.textContent ?? '1';
            part.querySelector('sup')?.remove();
            return { text: part.textContent ?? '', count: Number(count), kinds: [...part.classList] };
          }),
        );
        assert.equal(
          parts.reduce((sum, { count }) => sum + count, 0),
          item.count,
        );
        const written = parts.filter(({ kinds }) => !kinds.includes('special')).map(({ text }) => text);
        assert.equal(written.join('').replaceAll(/[⏎⇥]/g, ''), item.prompt + TEXT);
        const ofPrompt = parts.filter(({ kinds }) => kinds.includes('prompt')).map(({ text }) => text);
        assert.equal(ofPrompt.join('').replaceAll('⏎', ''), item.prompt);
        const special = parts.filter(({ kinds }) => kinds.includes('special'));
        // What is written in the text is no special token.
        assert.deepEqual(
          special.map(({ text }) => text),
          ['<|endoftext|>'],
        );
        assert.deepEqual(
          parts.filter(({ count }) => count > 1).map(({ text, count }) => [text, count]),
          [
            ['ï', 2],
            [' 🙂', 3],
          ],
        );
        // The parts that were changed above are drawn anew with another text.
        await page.getByRole('textbox', { name: 'Text' }).fill('x');
        await page.locator('.token-list', { hasText: /^x|Query:x/ }).waitFor();
        await page.getByRole('textbox', { name: 'Text' }).fill(TEXT);
      }
    }));

  it('says of a token its id and its place, for keys and for the pointer, and lists them', () =>
    withTokens(async (page) => {
      await page.getByLabel('Read').selectOption('document');
      await page.getByRole('textbox', { name: 'Text' }).fill(TEXT);
      const { data } = await answerOf({ input: TEXT });
      const ids = data[0]?.tokens ?? [];
      await counted(page, ids.length);
      const readout = page.locator('.readout');
      await page.locator('.token-list').focus();
      await readout.getByText(`token 1, id ${ids[0]}; of the text; characters 0 to 2`).waitFor();
      await page.keyboard.press('ArrowRight');
      await readout.getByText(`tokens 2 to 3, ids ${ids[1]}, ${ids[2]}; of the text; characters 2 to 3`).waitFor();
      await page.keyboard.press('ArrowLeft');
      await readout.getByText(`token 1, id ${ids[0]};`).waitFor();
      await page.keyboard.press('End');
      await readout.getByText(`token ${ids.length}, id ${ids.at(-1)}; special token`).waitFor();
      await page.locator('.token-list .token', { hasText: 've' }).hover();
      await readout.getByText(`token 4, id ${ids[3]}; of the text; characters 3 to 5`).waitFor();

      await page.getByText('The same as a table').click();
      const rows = page.getByRole('table').locator('tbody tr');
      await rows.first().waitFor();
      assert.deepEqual(await rows.locator('td:nth-of-type(2)').allTextContents(), ids.map(String));
    }));

  for (const side of ['end', 'start'] as const) {
    it(`strikes out what is not read where the ${side} is cut off, of a text of 100,000 tokens`, () =>
      withTokens(async (page) => {
        const text = Array.from({ length: 50_000 }, (_, i) => `token${i % 10}`).join(' ');
        await page.getByLabel('Where it is too long').selectOption(side);
        await page.getByRole('textbox', { name: 'Text' }).fill(text);
        const whole = await answerOf({ input: text, input_type: 'query' });
        const total = whole.data[0]?.count as number;
        assert.ok(total >= 100_000);
        await counted(page, total);
        await page.getByText(`Too long by ${(total - LIMIT).toLocaleString('en-US')}:`).waitFor();
        await page.getByRole('button', { name: 'To the cut' }).click();
        const { data } = await answerOf({ input: text, input_type: 'query', truncate: side });
        const kept = (data[0]?.pieces ?? []).map((piece) => piece.text);
        const struck = page.locator('.token-list del');
        const seen = (await struck.textContent()) ?? '';
        const beginning = seen.slice(0, 1_000);
        const units = Number(/and ([\d,]+) characters more$/.exec(seen)?.[1]?.replaceAll(',', ''));
        const promptLength = data[0]?.prompt.length ?? 0;
        if (side === 'end') {
          const read = kept.slice(0, -1).join('').length - promptLength;
          assert.equal(beginning, text.slice(read, read + 1_000));
          assert.equal(units + 2_000, text.length - read);
        } else {
          assert.equal(beginning, text.slice(0, 1_000));
          const read = kept.slice(0, -1).join('').length - promptLength;
          assert.equal(units + 2_000, text.length - read);
        }
        assert.ok((await page.locator('.token-list > *').count()) <= 1_000);
      }));
  }

  it('shows an error of the API beside the field it names', () =>
    withTokens(async (page) => {
      await page.getByLabel('Read').selectOption('document');
      await page.getByLabel(/^Instruction/).fill('Find');
      await page.locator('#tokens-instruction-error').getByText('An instruction is for queries').waitFor();
      await page.getByLabel(/^Instruction/).fill('');
      await page.locator('#tokens-instruction-error').waitFor({ state: 'hidden' });
      await page.getByRole('textbox', { name: 'Text' }).fill('');
      await page.getByText('Write a text to see its tokens.').waitFor();
    }));

  for (const [size, colorScheme] of [
    [{ width: 360, height: 740 }, 'dark'],
    [{ width: 3840, height: 2160 }, 'light'],
  ] as const) {
    it(`is usable by everyone with its table open and a text cut, ${size.width} px wide and ${colorScheme}`, () =>
      withTokens(
        async (page, opened) => {
          await page.getByRole('textbox', { name: 'Text' }).fill('word '.repeat(2 * LIMIT));
          await page.getByText('is struck through').or(page.getByText('not read')).first().waitFor();
          await page.getByText('The same as a table').click();
          await page.locator('.token-list').focus();
          assert.deepEqual(await opened.accessibilityProblems(), []);
          assert.equal(await opened.scrollsSideways(), false);
        },
        { size, colorScheme },
      ));
  }
});
