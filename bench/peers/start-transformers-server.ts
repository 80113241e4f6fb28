import { spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithUs } from '../end-with-us.ts';

/** Starts `transformers-server.ts` in a process of its own, and waits until it listens. */
export async function startTransformersServer(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const entry = fileURLToPath(new URL('./transformers-server.js', import.meta.url));
  const child = spawn(process.execPath, [entry, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  endWithUs(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`The transformers.js server ended with exit code ${code}.`)));
  });
  return {
    url,
    async stop() {
      child.kill();
      await exited;
    },
  };
}
