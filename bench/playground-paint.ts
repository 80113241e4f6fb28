import { once } from 'node:events';
import type { Browser } from 'playwright-core';
import { openPlayground, startBrowser } from '../test/support/playground-page.ts';
import { spawnCli } from '../test/support/spawned-cli.ts';

// `node dist/bench/playground-paint.js [TURNS]`: from the `ready` of a cold start until the playground can be read, in a browser
// that is open but has never been there.

const SERVICE = { MODEL: 'starter,starter-reranker' };

interface Turn {
  /** Milliseconds from `ready`: the first text, the model's name, the first heatmap. */
  paint: number;
  model: number;
  scores: number;
}

async function measure(browser: Browser): Promise<Turn> {
  const cli = spawnCli(['serve', '--port', '0'], SERVICE);
  const { url } = await cli.line('ready');
  const startedAt = Date.now();
  const opened = await openPlayground(browser, { url: url as string });
  await opened.page.getByText('starter', { exact: true }).first().waitFor();
  const model = Date.now() - startedAt;
  await opened.page.getByText('0.624').first().waitFor();
  const scores = Date.now() - startedAt;
  const paintedAt = await opened.page.evaluate<number>(
    `performance.timeOrigin + performance.getEntriesByName('first-contentful-paint')[0].startTime`,
  );
  await opened.close();
  cli.child.kill('SIGTERM');
  await once(cli.child, 'exit');
  return { paint: Math.round(paintedAt - startedAt), model, scores };
}

const turns = Number(process.argv[2] ?? 5);
const browser = await startBrowser();
const measured: Turn[] = [];
for (let i = 0; i < turns; i++) measured.push(await measure(browser));
await browser.close();
console.table(measured);
for (const name of ['paint', 'model', 'scores'] as const) {
  const sorted = measured.map((turn) => turn[name]).sort((a, b) => a - b);
  console.log(`${name}: median ${sorted[Math.floor(sorted.length / 2)]} ms after ready, at most ${sorted.at(-1)} ms`);
}
