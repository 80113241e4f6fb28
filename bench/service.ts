import { spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { packageRoot } from '../src/package-info.ts';
import { endWithUs } from './end-with-us.ts';

/** The service in a process of its own, started as a user starts it. */
export interface RunningService {
  url: string;
  processId: number;
  engineProcessId: number;
  /** Tokens of a full batch, as the service chose it. */
  batchTokens: number;
  /** What it computes in. */
  dtype: string;
  /** When it was spawned, on the clock of `performance.now()`. */
  spawnedAt: number;
  stop(): Promise<void>;
}

/** Spawns `hotvec serve` on a free port and waits for its log to say that it is ready. */
export async function startService(model: string, settings: Record<string, string> = {}): Promise<RunningService> {
  const spawnedAt = performance.now();
  const child = spawn(process.execPath, [path.join(packageRoot, 'dist', 'src', 'cli.js'), 'serve'], {
    env: { ...process.env, MODEL: model, HOST: '127.0.0.1', PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const facts: Record<string, unknown> = {};
  await new Promise<void>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      Object.assign(facts, line);
      if (line.level === 'fatal') reject(new Error(`The service did not start: ${line.msg}`));
      if (line.msg !== 'ready') return;
      lines.close();
      child.stdout.resume();
      resolve();
    });
    child.once('exit', (code) => reject(new Error(`The service ended with exit code ${code}.`)));
  });
  return {
    url: facts.url as string,
    processId: child.pid as number,
    engineProcessId: facts.processId as number,
    batchTokens: facts.batchTokens as number,
    dtype: facts.dtype as string,
    spawnedAt,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
