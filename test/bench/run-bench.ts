import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../src/package-info.ts';

/** Runs `npm run bench` with these arguments, as it is built now, and waits for its end. */
export function runBench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [path.join(packageRoot, 'dist', 'bench', 'run.js'), ...args], {
    encoding: 'utf8',
  });
}
