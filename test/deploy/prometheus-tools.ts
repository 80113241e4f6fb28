import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

/** Why tests on a real Prometheus cannot run here; false where they can. `.ci/run` installs it where it may. */
export const withoutPrometheus: string | false = ['prometheus', 'promtool'].every(
  (program) => spawnSync(program, ['--version']).status === 0,
)
  ? false
  : 'needs the Debian package prometheus';

/** Runs promtool. @returns what it printed. @throws with it, when it found something. */
export async function promtool(...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('promtool', args);
  return stdout + stderr;
}

export interface Prometheus {
  /** GET of its HTTP API: the `data` of an answer that says success. */
  ask: <Data>(path: string, parameters?: Record<string, string>) => Promise<Data>;
  log: () => string;
  stop: () => Promise<void>;
}

/** A Prometheus on a free port of loopback, with its data in `folder`. */
export async function startPrometheus(configFile: string, folder: string): Promise<Prometheus> {
  const child = spawn('prometheus', [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${folder}`,
    '--web.listen-address=127.0.0.1:0',
  ]);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    child.emit('log');
  });
  const ended = once(child, 'exit').then(([code]) => `prometheus ended with ${code}:\n${log}`);
  const stop = () => end(child, ended);
  try {
    const port = await find(/msg="Listening on".* address=127\.0\.0\.1:(\d+)/);
    await find(/msg="Server is ready to receive web requests\."/);
    return {
      ask: (path, parameters) => ask(`http://127.0.0.1:${port}/api/v1/${path}`, parameters),
      log: () => log,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }

  async function find(pattern: RegExp): Promise<string | undefined> {
    for (;;) {
      const found = pattern.exec(log);
      if (found !== null) return found[1];
      const end = await Promise.race([once(child, 'log'), ended]);
      if (typeof end === 'string') throw new Error(end);
    }
  }
}

async function ask<Data>(url: string, parameters: Record<string, string> = {}): Promise<Data> {
  const response = await fetch(`${url}?${new URLSearchParams(parameters)}`);
  const answer = (await response.json()) as { status: string; error?: string; data: Data };
  if (answer.status !== 'success') throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
  return answer.data;
}

/** Asks it to end, and after five seconds no longer asks. */
async function end(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}
