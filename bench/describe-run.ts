import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';

/** When, at which commit and on which machine results were taken: the line above their table. */
export function describeRun(): string {
  const require = createRequire(import.meta.url);
  const manifest = path.join(path.dirname(require.resolve('onnxruntime-node')), '..', 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const machine = `${os.cpus()[0]?.model.trim()}, ${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, commit ${commit()}, ${machine}, ${os.type()} ${os.arch()}, Node ${process.version}, onnxruntime-node ${version}`;
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8' }).trim();
  try {
    const parts = ['src', 'bench', 'test', ':!test/soak/RESULTS.md', 'package-lock.json'];
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', ...parts);
    return git('rev-parse', '--short=10', 'HEAD') + (changed === '' ? '' : ' with changes');
  } catch {
    return 'unknown';
  }
}
