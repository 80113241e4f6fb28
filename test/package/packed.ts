import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from '../../src/package-info.ts';

interface Packed {
  filename: string;
  files: { path: string }[];
}

/** Makes the package of this project as it is built now. Needs no network. Returns the archive's path. */
export function pack(folder: string): string {
  return path.join(folder, npmPack('--pack-destination', folder).filename);
}

/** Paths inside the package, which is not made: compressing it takes longer than all else. */
export function packedFiles(): string[] {
  return npmPack('--dry-run').files.map(({ path: file }) => file);
}

function npmPack(...args: string[]): Packed {
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--json', ...args], {
    cwd: packageRoot,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0, stderr);
  // npm 12 answers by name, older ones with a list.
  const [described] = Object.values(JSON.parse(stdout)) as [Packed];
  return described;
}
