import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { packageRoot } from '../../src/package-info.ts';
import { withKeysFile } from '../http/door/keys-file.ts';
import { apiKeys } from '../http/stub-service.ts';
import { withoutChromium } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';
import { openPlayground, type PlaygroundPage, startBrowser } from '../support/playground-page.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';

const OTHER_MODEL = path.join(packageRoot, 'test', 'fixtures', 'encoder-folders', 'bert-mean-6.2');
const skip = withoutChromium || (process.platform === 'win32' && 'signals');

describe('The playground, when the server goes away and comes back', { skip }, () => {
  let browser: Browser;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser.close());

  const running: SpawnedCli[] = [];
  async function start(port: number, environment: Record<string, string> = {}): Promise<SpawnedCli> {
    const cli = spawnCli(['serve', '--port', String(port)], { MODEL: 'starter', ...environment });
    running.push(cli);
    await cli.line('ready');
    return cli;
  }
  async function kill(cli: SpawnedCli): Promise<void> {
    cli.child.kill('SIGKILL');
    await cli.exit;
  }

  /** Searches a small collection, which asks the server for a vector whenever the query changes. */
  async function withSearch(
    port: number,
    use: (opened: PlaygroundPage, ask: (query: string) => Promise<void>) => Promise<void>,
    beforehand: (opened: PlaygroundPage) => Promise<void> = async () => {},
  ): Promise<void> {
    const opened = await openPlayground(browser, { url: `http://127.0.0.1:${port}`, section: 'search' });
    try {
      await beforehand(opened);
      await opened.page.getByRole('button', { name: 'Open the example' }).click();
      await use(opened, (query) => opened.page.getByLabel('Search these texts').fill(query));
      assert.deepEqual(await opened.faults(), []);
    } finally {
      await opened.close();
      await Promise.all(running.splice(0).map(kill));
    }
  }

  const sees = ({ page }: PlaygroundPage, text: string | RegExp) => page.getByText(text).first().waitFor();
  /** Waits until a query has been answered since. */
  const answered = ({ page }: PlaygroundPage, ask: () => Promise<void>) =>
    Promise.all([
      page.waitForResponse((response) => response.url().endsWith('/v1/embeddings') && response.status() === 200),
      ask(),
    ]);

  it('says that it waits for a killed server, and goes on by itself when it is there again', async () => {
    const port = await freePort();
    const first = await start(port);
    await withSearch(port, async (opened, ask) => {
      await answered(opened, () => ask('a dog'));
      await kill(first);
      await ask('a cat');
      await sees(opened, 'The server does not answer.');
      await sees(opened, /requests? waits?, asking again/);
      assert.deepEqual(await opened.accessibilityProblems(), []);
      const isAnswered = answered(opened, async () => {});
      await start(port);
      await isAnswered;
      await opened.page.getByRole('button', { name: 'Stop waiting' }).waitFor({ state: 'detached' });
      // The same model: nothing to say.
      assert.equal(await opened.page.getByText(/Another model is served/).count(), 0);
    });
  });

  it('notices that the server came back with another model', async () => {
    const port = await freePort();
    const first = await start(port);
    await withSearch(port, async (opened, ask) => {
      await answered(opened, () => ask('a dog'));
      await kill(first);
      await ask('a cat');
      await sees(opened, 'The server does not answer.');
      await start(port, { MODEL: OTHER_MODEL, SERVED_MODEL_NAME: 'starter' });
      await sees(opened, /Another model is served as starter now/);
      await opened.page.getByRole('button', { name: 'All right' }).click();
      await opened.page.getByText(/Another model is served as starter now/).waitFor({ state: 'detached' });
    });
  });

  it('stops waiting when it is told to, and then shows why beside what was asked', async () => {
    const port = await freePort();
    const first = await start(port);
    await withSearch(port, async (opened, ask) => {
      await answered(opened, () => ask('a dog'));
      await kill(first);
      await ask('a cat');
      await opened.page.getByRole('button', { name: 'Stop waiting' }).click();
      await opened.page.locator('main').getByText('The server does not answer.').waitFor();
      assert.equal(await opened.page.getByRole('button', { name: 'Stop waiting' }).count(), 0);
    });
  });

  it('waits in the words of the API while a killed engine is replaced', async () => {
    const port = await freePort();
    const cli = await start(port);
    await withSearch(port, async (opened, ask) => {
      await answered(opened, () => ask('a dog'));
      process.kill((await cli.line('engine ready')).processId as number, 'SIGKILL');
      await cli.line('engine lost, restarting it');
      await answered(opened, () => ask('a cat'));
    });
  });

  it('asks for another key when its own is refused or revoked, says why, and sends again what waited', () =>
    withKeysFile({ someone: 'first-key' }, async (file) => {
      const port = await freePort();
      const cli = await start(port, { API_KEYS_FILE: file });
      const use = async ({ page }: PlaygroundPage, key: string) => {
        await page.getByLabel('API key').fill(key);
        await page.getByRole('button', { name: 'Use it in this tab' }).click();
      };
      const isAccepted = ({ page }: PlaygroundPage) => page.getByLabel('API key').waitFor({ state: 'detached' });
      await withSearch(
        port,
        async (opened, ask) => {
          await answered(opened, () => ask('a dog'));
          const [next] = apiKeys({ someone: 'next-key' });
          writeFileSync(file, `someone:${next?.sha256.toString('hex')}\n`);
          cli.child.kill('SIGHUP');
          await cli.line('API keys reloaded');
          await ask('a cat');
          await sees(opened, 'The API key is unknown to this server.');
          await answered(opened, () => use(opened, 'next-key'));
          await isAccepted(opened);
          assert.doesNotMatch(cli.output(), /first-key|next-key|wrong-key/);
        },
        async (opened) => {
          await sees(opened, /This server requires an API key/);
          await use(opened, 'wrong-key');
          await sees(opened, 'The API key is unknown to this server.');
          assert.deepEqual(await opened.accessibilityProblems(), []);
          await use(opened, 'first-key');
          await isAccepted(opened);
        },
      );
    }));

  it('says that a section of another version of the page cannot be loaded, and loads the page again', async () => {
    const port = await freePort();
    await start(port);
    await withSearch(port, async ({ page }) => {
      const isOfModel = /model-section-[\w-]+\.js$/;
      await page.route(isOfModel, (route) => route.fulfill({ status: 404 }));
      await page.getByRole('link', { name: 'Model' }).click();
      await page.getByText(/This section could not be loaded/).waitFor();
      await page.unroute(isOfModel);
      await page.getByRole('button', { name: 'Load the page again' }).click();
      await page.getByText('a vector of 256 numbers').waitFor();
    });
  });
});
