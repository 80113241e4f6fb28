// `npm start`: builds, where the compiler is installed, and serves in this very process.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
if (existsSync(compiler)) {
  const project = fileURLToPath(new URL('..', import.meta.url));
  const { status } = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

// A signal sent to npm ends the shell that npm started, and that shell passes nothing on: its end is our signal.
const shell = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === shell) return;
  clearInterval(watch);
  process.emit('SIGTERM');
}, 250).unref();
await import('../dist/src/cli.js');
