import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from '../../src/package-info.ts';

export interface Packed {
  archive: string;
  /** Paths inside the package. */
  files: string[];
}

/** What `npm pack` makes of this project as it is built now. Needs no network. */
export function pack(folder: string): Packed {
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: packageRoot,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(status, 0, stderr);
  // npm 12 answers by name, older ones with a list.
  const [described] = Object.values(JSON.parse(stdout)) as [{ filename: string; files: { path: string }[] }];
  return { archive: path.join(folder, described.filename), files: described.files.map((file) => file.path) };
}
