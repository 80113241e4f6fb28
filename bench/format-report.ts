import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';
import { formatTable } from './format-table.ts';
import { judgeTargets } from './judge-targets.ts';
import type { Row } from './report.ts';

/** The table in Markdown, under a line that says where and of what it was taken. */
export function formatReport(rows: readonly Row[], inputs: string): string {
  const require = createRequire(import.meta.url);
  const manifest = path.join(path.dirname(require.resolve('onnxruntime-node')), '..', 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const machine = `${os.cpus()[0]?.model.trim()}, ${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB`;
  const header = ['model', 'measure', 'result', 'against'];
  const lines = rows.map(({ model, measure, result, against }) => [model, measure, result, against]);
  return `# hotvec benchmark

${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${machine}, ${os.type()} ${os.arch()}, Node ${process.version}, onnxruntime-node ${version}.
Inputs: ${inputs}. The load generator is a process of its own, but shares the cores with the service and its engine.
Made by \`npm run bench\`; how to read it: README.md beside this file.

${formatTable([header, ...lines])}

## Targets

Of \`targets.ts\`. Where a target was measured several times, the worst counts.

${formatTable(judgeTargets(rows))}
`;
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'bench', 'package-lock.json');
    return git('rev-parse', '--short=10', 'HEAD') + (changed === '' ? '' : ' with changes');
  } catch {
    return 'unknown';
  }
}
