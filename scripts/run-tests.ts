import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';

// `npm test [-- PART …]`: runs the compiled tests whose path contains one of the parts; without parts, all but those of
// `npm run test:long`. Node 20 has no glob for `node --test`, and Node 22 no folder argument, so the files are named.
const parts = process.argv.slice(2);
const folder = path.join(packageRoot, 'dist', 'test');
const isChosen = (file: string) =>
  parts.length === 0 ? !file.endsWith('.long.test.js') : parts.some((part) => file.includes(part));
/** Rooms whose files take longest: begun first, so that none of them is left for the end. */
const LONGEST = ['package', 'clients', 'bench', 'soak', 'e2e', 'fault', 'engine'];
function rank(file: string): number {
  const index = LONGEST.indexOf(file.split(path.sep, 1)[0] as string);
  return index === -1 ? LONGEST.length : index;
}
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && isChosen(file))
  .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
  .map((file) => path.join(folder, file));

if (files.length === 0) {
  process.stderr.write(`No test's path contains ${parts.join(' or ')}.\n`);
  process.exit(1);
}

// Three for two cores: a test waits about half of its time, for processes that start and for timers.
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-concurrency=3', '--test-timeout=600000', ...files],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
