// `npm start`: builds, where the compiler is installed, and serves in this very process; without a word about models, both
// that come with hotvec, so that every route answers. The page is built only after a change of it, which takes seconds.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'];
const building = new Set();
// Until the server listens to signals itself: it is stopped while there is nothing to stop but the build.
const stop = () => {
  // With what they have started themselves.
  for (const { pid } of building) process.kill(process.platform === 'win32' ? pid : -pid);
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

const project = fileURLToPath(new URL('..', import.meta.url));

function run(program, ...args) {
  // Not from a working folder that may be gone: the server says so in its own words.
  const child = spawn(process.execPath, [program, ...args], {
    stdio: 'inherit',
    cwd: project,
    detached: process.platform !== 'win32',
  });
  building.add(child);
  return new Promise((resolve) => child.once('error', () => resolve(1)).once('exit', resolve)).finally(() =>
    building.delete(child),
  );
}

/** Whether a source of the page, or a version of what it is made of, is newer than the page. */
function isPageStale() {
  const page = statSync(path.join(project, 'dist', 'playground', 'page', 'index.html'), { throwIfNoEntry: false });
  const sources = readdirSync(path.join(project, 'playground'), { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .flatMap(({ name }) => {
      const at = path.join(project, 'playground', name);
      return [
        at,
        ...(statSync(at).isDirectory() ? readdirSync(at, { recursive: true }).map((file) => path.join(at, file)) : []),
      ];
    });
  const all = [path.join(project, 'package-lock.json'), ...sources];
  return page === undefined || all.some((file) => statSync(file).mtimeMs > page.mtimeMs);
}

const modules = path.join(project, 'node_modules');
const compiler = path.join(modules, 'typescript', 'bin', 'tsc');
const bundler = path.join(modules, 'vite', 'bin', 'vite.js');
if (existsSync(compiler)) {
  const codes = await Promise.all([
    run(compiler, '-p', project),
    existsSync(bundler) && isPageStale() ? run(bundler, 'build', 'playground', '--logLevel', 'warn') : 0,
  ]);
  const failed = codes.find((code) => code !== 0);
  if (failed !== undefined) process.exit(failed ?? 1);
}
// Names are of one model: then it is the default one.
const chosen = ['model', 'models-file', 'served-model-name', 'aliases', 'revision', 'matryoshka-dimensions', 'task'];
const isNamed = chosen.some((name) => {
  const variable = name.toUpperCase().replaceAll('-', '_');
  const isFlag = (argument) => argument === `--${name}` || argument.startsWith(`--${name}=`);
  return process.env[variable] || process.env[`HOTVEC_${variable}`] || process.argv.some(isFlag);
});
const serves = !['pull', 'verify', 'embed', 'rerank', 'similarity', 'batch'].includes(process.argv[2] ?? '');
if (serves && !isNamed) process.env.MODEL = 'starter,starter-reranker';
await import('../dist/src/cli.js');
