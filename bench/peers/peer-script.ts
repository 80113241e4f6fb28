import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/package-info.ts';
import { attempt, ServerError } from '../api-server.ts';
import { EMBEDDINGS_PATH } from '../embedding-server.ts';
import { endWithUs } from '../end-with-us.ts';

/** A server of whatever kind that runs. */
export interface StartedServer {
  url: string;
  /** The process that all others of it come from. */
  processId: number;
  stop: () => Promise<void>;
}

/** A conversion of the weights, or a compilation, may come before the first answer. */
const START_SECONDS = 600;
const STOP_SECONDS = 30;
const SCRIPTS = path.join(packageRoot, 'bench', 'peers');

/** One of the scripts beside this file, with a folder of its own below `folder`. */
export class PeerScript {
  readonly name: string;
  private readonly file: string;
  private readonly folder: string;

  /** @param scripts the folder that has the script. */
  constructor(script: string, folder: string, scripts = SCRIPTS) {
    this.name = path.basename(script, '.sh');
    this.file = path.join(scripts, script);
    this.folder = path.join(folder, this.name);
  }

  /** Whether it was installed as the script now says. */
  get isInstalled(): boolean {
    return existsSync(this.marker) && readFileSync(this.marker, 'utf8') === this.pins;
  }

  /** Installs it unless it is. @throws {ServerError} with the last line that it said. */
  async install(): Promise<void> {
    if (this.isInstalled) return;
    mkdirSync(this.folder, { recursive: true });
    const { exited, log } = this.spawn(['install', this.folder], 'install.log');
    const code = await exited;
    if (code !== 0) throw new ServerError(`It could not be installed (exit code ${code}): ${lastLine(log)}`);
    writeFileSync(this.marker, this.pins);
  }

  /**
   * Starts the server and waits until it embeds.
   * @param tokens of the longest text that it will get.
   * @throws {ServerError} where it ends, with the last line that it said, or takes forever.
   */
  async start(model: string, tokens: number, options: readonly string[]): Promise<StartedServer> {
    this.requireInstalled();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const args = ['start', this.folder, model, String(port), String(tokens), ...options];
    const { processId, exited, log } = this.spawn(args, 'start.log');
    let code: number | null | undefined;
    void exited.then((ended) => {
      code = ended;
    });
    const stop = () => stopGroup(processId, exited);
    for (const since = performance.now(); !(await embeds(url)); ) {
      if (code !== undefined) throw new ServerError(`It ended with exit code ${code}: ${lastLine(log)}`);
      if (performance.now() - since > 1000 * START_SECONDS) {
        await stop();
        throw new ServerError(`It did not embed within ${START_SECONDS} s: ${lastLine(log)}`);
      }
      await sleep(250);
    }
    return { url, processId, stop };
  }

  /** The versions of its packages, on one line. */
  async versions(): Promise<string> {
    return (await this.ask('versions')).trim().replaceAll('==', ' ').split('\n').join(', ');
  }

  /** What the script writes to its standard output. @throws {ServerError} with the last line that it said. */
  async ask(verb: string, args: readonly string[] = [], input = ''): Promise<string> {
    this.requireInstalled();
    const asked = promisify(execFile)('sh', [this.file, verb, this.folder, ...args], { maxBuffer: 2 ** 28 });
    endWithUs(asked.child);
    // One that does not read ends before it could be written: its exit code says what matters.
    asked.child.stdin?.on('error', () => {}).end(input);
    const { stdout } = await asked.catch((error: { stderr?: string; message: string }) => {
      throw new ServerError(`${this.name} ${verb}: ${error.stderr?.trim().split('\n').at(-1) || error.message}`);
    });
    return stdout;
  }

  private requireInstalled(): void {
    if (!this.isInstalled) throw new ServerError(`${this.name} is not installed: --install does that.`);
  }

  private get marker(): string {
    return path.join(this.folder, 'installed');
  }

  private get pins(): string {
    return createHash('sha256').update(readFileSync(this.file)).digest('hex');
  }

  private spawn(args: readonly string[], logName: string) {
    const log = path.join(this.folder, logName);
    const output = openSync(log, 'w');
    // A group of its own: some servers are families of processes.
    const child = spawn('sh', [this.file, ...args], { stdio: ['ignore', output, output], detached: true });
    closeSync(output);
    const processId = child.pid as number;
    const end = () => signalGroup(processId, 'SIGKILL');
    process.once('exit', end);
    const exited = new Promise<number | null>((resolve) => {
      child.once('exit', (code) => {
        process.off('exit', end);
        resolve(code);
      });
    });
    return { processId, exited, log };
  }
}

async function embeds(url: string): Promise<boolean> {
  const body = JSON.stringify({ model: 'model', input: ['ready?'] });
  const answer = await attempt({ name: 'it', url }, EMBEDDINGS_PATH, body).catch(() => null);
  return answer?.status === 200;
}

async function stopGroup(processId: number, exited: Promise<unknown>): Promise<void> {
  signalGroup(processId, 'SIGTERM');
  const timeout = new AbortController();
  await Promise.race([exited, sleep(1000 * STOP_SECONDS, undefined, { signal: timeout.signal }).catch(() => {})]);
  timeout.abort();
  // Whatever of its family is left.
  signalGroup(processId, 'SIGKILL');
  await exited;
}

function signalGroup(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-processId, signal);
  } catch {
    // All of them are gone.
  }
}

function lastLine(log: string): string {
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  return (
    lines
      .filter((line) => line !== '')
      .at(-1)
      ?.slice(0, 300) ?? 'it said nothing'
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
