// `npm start`: builds, where the compiler is installed, and serves in this very process; without a word about models, both
// that come with hotvec, so that every route answers.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'];
let compiling;
// Until the server listens to signals itself: it is stopped while there is nothing to stop but the compiler.
const stop = () => {
  // With what it has started itself.
  if (compiling !== undefined) process.kill(process.platform === 'win32' ? compiling.pid : -compiling.pid);
  process.exit(0);
};
let isAsked = false;
for (const signal of STOP_SIGNALS) {
  process.on(signal, () => {
    isAsked = true;
  });
  process.on(signal, stop);
  // Once the other one is there: without any, Node leaves the signal to the system.
  process.on('newListener', (event) => event === signal && process.nextTick(() => process.off(signal, stop)));
}

// A signal sent to npm ends the shell that npm started, and that shell passes nothing on: its end is our signal.
const shell = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === shell) return;
  clearInterval(watch);
  // The shell may have ended of the signal that this process has got too: another one would break off the drain.
  if (!isAsked) process.emit('SIGTERM');
}, 250).unref();

const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
if (existsSync(compiler)) {
  const project = fileURLToPath(new URL('..', import.meta.url));
  // Not from a working folder that may be gone: the server says so in its own words.
  compiling = spawn(process.execPath, [compiler, '-p', project], {
    stdio: 'inherit',
    cwd: project,
    detached: process.platform !== 'win32',
  });
  const code = await new Promise((resolve) => compiling.once('error', () => resolve(1)).once('exit', resolve));
  compiling = undefined;
  if (code !== 0) process.exit(code ?? 1);
}
// Names are of one model: then it is the default one.
const chosen = ['model', 'models-file', 'served-model-name', 'aliases', 'revision', 'matryoshka-dimensions', 'task'];
const isNamed = chosen.some((name) => {
  const variable = name.toUpperCase().replaceAll('-', '_');
  const isFlag = (argument) => argument === `--${name}` || argument.startsWith(`--${name}=`);
  return process.env[variable] || process.env[`HOTVEC_${variable}`] || process.argv.some(isFlag);
});
const serves = !['pull', 'verify'].includes(process.argv[2] ?? '');
if (serves && !isNamed) process.env.MODEL = 'starter,starter-reranker';
await import('../dist/src/cli.js');
