import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';

// `npm test [-- PART …]`: runs the compiled tests whose path contains one of the parts, each file in a process of its own;
// without parts, all but those of `npm run test:long`, the files of a room in shared processes (docs/decisions/0105).
// Node 20 has no glob for `node --test`, and Node 22 no folder argument, so the files are named.
const parts = process.argv.slice(2);
const dist = path.join(packageRoot, 'dist');
const folder = path.join(dist, 'test');
const isChosen = (file: string) =>
  parts.length === 0 ? !file.endsWith('.long.test.js') : parts.some((part) => file.includes(part));
/** Files that share a process: few enough that the last one does not keep all waiting. */
const MOST_TOGETHER = 8;
/** Rooms whose files take longest, in the order in which they are started: none is left for the end. */
const LONGEST = ['e2e', 'fault', 'soak', 'engine', 'bench', 'http'];
const roomOf = (file: string) => (file.includes(path.sep) ? (file.split(path.sep, 1)[0] as string) : 'docs');
function rank(file: string): number {
  const index = LONGEST.indexOf(roomOf(file));
  return index === -1 ? LONGEST.length : index;
}
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && isChosen(file))
  .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));

if (files.length === 0) {
  process.stderr.write(`No test's path contains ${parts.join(' or ')}.\n`);
  process.exit(1);
}

// Three for two cores: a test waits about half of its time, for processes that start and for timers.
const { status } = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-concurrency=3',
    '--test-timeout=600000',
    ...(parts.length === 0 ? together(files) : files.map((file) => path.join(folder, file))),
  ],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;

/**
 * Writes files that each run some tests of a room, one after the other in one process: loading the application takes longer
 * than most of them. @returns their paths.
 */
function together(all: readonly string[]): string[] {
  const inRoom = new Map<string, string[]>();
  for (const file of all) inRoom.set(roomOf(file), [...(inRoom.get(roomOf(file)) ?? []), file]);
  mkdirSync(path.join(dist, 'together'), { recursive: true });
  const groups = [...inRoom].flatMap(([name, own]) => {
    const count = Math.ceil(own.length / MOST_TOGETHER);
    return Array.from({ length: count }, (_, group) => ({ name, own: own.filter((_, i) => i % count === group) }));
  });
  return groups.map(({ name, own }, i) => {
    // `node --test` runs files in the order of their names.
    const place = String(i + 1).padStart(3, '0');
    const entry = path.join(dist, 'together', `${place}-${name}.test.js`);
    writeFileSync(entry, entryOf(own));
    return entry;
  });
}

/** Each file in a suite of its own: its hooks are its own, and what fails names its file. */
function entryOf(own: readonly string[]): string {
  return `import { describe, it } from 'node:test';
for (const file of ${JSON.stringify(own)}) {
  describe(file, async () => {
    try {
      await import('../test/' + file);
    } catch (error) {
      it('can be loaded', () => { throw error; });
    }
  });
}
`;
}
