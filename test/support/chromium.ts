import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Its path; undefined: there is none. */
export const chromiumProgram = (process.env.PATH ?? '')
  .split(path.delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => path.join(folder, name)))
  .find(existsSync);

/** For `skip`: false, or what is missing. */
export const withoutChromium = chromiumProgram === undefined ? 'needs the Debian package chromium' : false;

/** A web page in a real browser, on an origin of its own: `http://localhost:PORT`. */
export interface WebPage {
  origin: string;
  /**
   * Opens the page, runs a script in it and returns what this returns, as JSON.
   * @param script the body of an async function; `args` is what it is given.
   * @param flags for the browser.
   */
  run: <Result>(script: string, args: unknown, flags?: readonly string[]) => Promise<Result>;
  close: () => Promise<void>;
}

/**
 * Serves the page; the browser is started for each run of a script.
 * @param alsoServes what else the origin has: answers a request, or returns false.
 */
export async function openWebPage(
  alsoServes: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<WebPage> {
  let html = '';
  let report: (text: string) => void = () => {};
  const server = createServer(async (request, response) => {
    if (alsoServes(request, response)) return;
    if (request.method === 'POST') {
      let text = '';
      for await (const chunk of request.setEncoding('utf8')) text += chunk;
      report(text);
    }
    response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    run: async (script, args, flags = []) => {
      html = `<!doctype html><script type="module">
        const run = async (args) => {${script}};
        const outcome = await run(${JSON.stringify(args)}).then((result) => ({ result }), (error) => ({ error: String(error) }));
        await fetch('/report', { method: 'POST', body: JSON.stringify(outcome) });
      </script>`;
      const reported = new Promise<string>((resolve) => {
        report = resolve;
      });
      const browser = await startChromium(origin, flags);
      try {
        const text = await Promise.race([reported, browser.ended]);
        const { result, error } = JSON.parse(text);
        if (error !== undefined) throw new Error(error);
        return result;
      } finally {
        await browser.close();
      }
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Opens an address without a window, with a profile of its own. `ended` rejects when the browser exits unasked. */
async function startChromium(url: string, flags: readonly string[]) {
  const profile = await mkdtemp(path.join(tmpdir(), 'hotvec-chromium-'));
  const usual = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const child: ChildProcess = spawn(
    chromiumProgram as string,
    [...usual, '--remote-debugging-port=0', `--user-data-dir=${profile}`, ...flags, url],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const exit = once(child, 'exit');
  const ended = exit.then(([code]) => {
    throw new Error(`the browser ended with ${code}: ${errors}`);
  });
  ended.catch(() => {});
  return {
    ended,
    close: async () => {
      child.kill('SIGKILL');
      await exit;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
