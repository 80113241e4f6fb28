import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright-core';
import { chromiumProgram } from './chromium.ts';

/** Starts the browser that the pages of a test file share, without a window. Close it when done. */
export function startBrowser(flags: readonly string[] = []): Promise<Browser> {
  assert.ok(chromiumProgram !== undefined, 'skip the tests where withoutChromium says why');
  const usual = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  return chromium.launch({ executablePath: chromiumProgram, args: [...usual, ...flags] });
}

export interface OpenOptions {
  /** Where the page is, with BASE_PATH: the `url` of a service, and what comes before `#`. */
  url: string;
  /** `compare`, `search` …; left out: none is named in the address. */
  section?: string;
  colorScheme?: 'light' | 'dark';
  /** In CSS pixels. */
  size?: { width: number; height: number };
  /** Others of the browser's context. */
  context?: BrowserContextOptions;
}

/** The playground in a tab of its own: nothing is stored from one to the next. */
export interface PlaygroundPage {
  page: Page;
  /** What was requested so far, pictures in the page itself left out. */
  requests: () => readonly Request[];
  /**
   * What must never be, in words: violations of the page's policy, requests beyond its origin, errors in the console and
   * uncaught ones. A status that is no success is the API's to say, and none of these.
   */
  faults: () => Promise<string[]>;
  /** Tasks of the main thread that took over 50 ms so far, in milliseconds. */
  longTasks: () => Promise<number[]>;
  /** What axe-core finds on what is visible now, in words; `[]` when it is clean. */
  accessibilityProblems: () => Promise<string[]>;
  /** Whether something sticks out at the right, so that one has to scroll there. */
  scrollsSideways: () => Promise<boolean>;
  close: () => Promise<void>;
}

interface Watched {
  violations: string[];
  longTasks: number[];
}

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** Runs before the scripts of the page. */
const WATCH = `
  window.watched = { violations: [], longTasks: [] };
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
    window.watched.violations.push(violatedDirective + ' forbids ' + blockedURI + ' ' + sample));
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.watched.longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });`;

/** Opens the playground and watches it. */
export async function openPlayground(browser: Browser, options: OpenOptions): Promise<PlaygroundPage> {
  const { url, section, colorScheme = 'light', size = { width: 1280, height: 900 }, context: others } = options;
  const context = await browser.newContext({ colorScheme, viewport: size, ...others });
  const page = await context.newPage();
  const { origin } = new URL(url);
  const requests: Request[] = [];
  const seen: string[] = [];
  context.on('request', (request) => {
    if (/^(data|blob):/.test(request.url())) return;
    requests.push(request);
    if (new URL(request.url()).origin !== origin) seen.push(`a request beyond the origin: ${request.url()}`);
  });
  context.on('console', (message) => {
    // Of a status that is an error, or of no answer.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      seen.push(`in the console: ${message.text()}`);
    }
  });
  context.on('weberror', (error) => seen.push(`uncaught: ${error.error().stack}`));
  await context.addInitScript(WATCH);
  await page.goto(section === undefined ? url : `${url}#${section}`);
  const watched = () => page.evaluate<Watched>('window.watched');
  return {
    page,
    requests: () => requests,
    faults: async () => [...seen, ...(await watched()).violations],
    longTasks: async () => (await watched()).longTasks,
    accessibilityProblems: async () => {
      await page.evaluate(AXE);
      const { violations } = await page.evaluate<{ violations: Violation[] }>(
        `axe.run({ preload: false, resultTypes: ['violations'] })`,
      );
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`),
      );
    },
    scrollsSideways: () => page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth'),
    close: () => context.close(),
  };
}

interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}
