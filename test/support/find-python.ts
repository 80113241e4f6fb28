import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../src/package-info.ts';

/** Older ones would get other versions of the clients than those that are pinned. */
const VERSION_CHECK = 'import sys, ensurepip, venv; assert sys.version_info >= (3, 11); print(sys.version)';

/**
 * A Python with packages: the one that `HOTVEC_TEST_PYTHON` names, or a virtual environment with exactly what
 * `requirements.txt` says, by its hashes, made once for each state of that file.
 * Packages that are published as source only are in `from-source.txt` beside it; what makes packages of them is in `requirements.txt`.
 * @param source the folder in `test/` that has the files.
 * @returns its path, or why it could not be made, as a sentence: no Python, or no registry.
 */
export function findPython(source: string): { python: string } | string {
  const folder = path.join(packageRoot, 'node_modules', '.cache', `hotvec-${path.basename(source)}`);
  const requirements = path.join(packageRoot, 'test', source, 'requirements.txt');
  const fromSource = path.join(packageRoot, 'test', source, 'from-source.txt');
  const named = process.env.HOTVEC_TEST_PYTHON;
  if (named !== undefined) return { python: named };
  const base = ['python3', 'python'].find((one) => spawnSync(one, ['-c', VERSION_CHECK]).status === 0);
  if (base === undefined) return 'no Python 3.11 or newer that can make virtual environments';
  const files = [requirements, fromSource].filter((file) => existsSync(file));
  const state = [
    spawnSync(base, ['-c', VERSION_CHECK], { encoding: 'utf8' }).stdout,
    ...files.map((file) => readFileSync(file, 'utf8')),
  ].join('');
  const stamp = path.join(folder, 'installed.txt');
  const python = path.join(folder, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return { python };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.dirname(folder), { recursive: true });
  // The whole tree is in the files: there is nothing to resolve.
  const options = ['--no-deps', '--require-hashes', '--no-compile', '--retries=1', '-q'];
  const installs = files.map((file) => {
    const how = file === fromSource ? '--no-build-isolation' : '--only-binary=:all:';
    return [python, '-m', 'pip', 'install', ...options, how, '-r', file];
  });
  for (const [program, ...args] of [[base, '-m', 'venv', folder], ...installs] as [string, ...string[]][]) {
    const { status } = spawnSync(program, args, { timeout: 240_000 });
    if (status !== 0)
      return `the packages of test/${source} could not be installed (${args.slice(0, 3).join(' ')}: ${status})`;
  }
  writeFileSync(stamp, state);
  return { python };
}
