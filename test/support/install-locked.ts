import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../src/package-info.ts';

/** Written last: it holds the lock that was installed. */
const STAMP = 'installed.json';

/**
 * Installs what `package-lock.json` of a folder in `test/` says, once for each state of that file, into a folder below
 * `node_modules/.cache`: ignored by git, and apart from the product's packages, to which these do not belong
 * (docs/decisions/tooling.md). Nothing of it runs a script.
 *
 * @param source name of the folder in `test/`.
 * @returns the folder that `node_modules` is in; or why it could not be made, as an {@link InstallFailure}, where the registry
 * cannot be reached.
 */
export function installLocked(source: string): string | InstallFailure {
  const from = path.join(packageRoot, 'test', source);
  const folder = path.join(packageRoot, 'node_modules', '.cache', `hotvec-${source}`);
  const lock = readFileSync(path.join(from, 'package-lock.json'), 'utf8');
  const isThere = () => {
    const stamp = path.join(folder, STAMP);
    return existsSync(stamp) && readFileSync(stamp, 'utf8') === lock;
  };
  if (isThere()) return folder;
  // Files of tests run side by side and may need the same packages: each makes a folder of its own, and the first one's stays.
  const own = `${folder}.${process.pid}`;
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(path.join(from, file), path.join(own, file));
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=0', '--prefix', own];
  const { status, stderr } = spawnSync('npm', ['ci', ...options], { encoding: 'utf8', timeout: 240_000 });
  const failure = /npm (?:error|ERR!) code (\S+)/.exec(stderr ?? '')?.[1] ?? `status ${status}`;
  if (status !== 0) {
    rmSync(own, { recursive: true, force: true });
    return { why: `the packages of test/${source} could not be installed (${failure})` };
  }
  writeFileSync(path.join(own, STAMP), lock);
  if (!isThere()) {
    const outdated = `${own}.outdated`;
    if (existsSync(folder)) renameSync(folder, outdated);
    rmSync(outdated, { recursive: true, force: true });
    try {
      renameSync(own, folder);
    } catch (error) {
      if (!isThere()) throw error;
    }
  }
  rmSync(own, { recursive: true, force: true });
  return folder;
}

export interface InstallFailure {
  /** A sentence for those who read why a test was skipped. */
  why: string;
}
