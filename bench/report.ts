import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';

/** One line of the table. */
export interface Row {
  model: string;
  measure: string;
  result: string;
  /** What it is compared with, and how many rounds it is the median of. */
  against: string;
}

/** A number as people read it: three significant digits, thousands separated. */
export function figure(value: number): string {
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

export function milliseconds(value: number): string {
  return `${figure(value)} ms`;
}

export function mebibytes(bytes: number): string {
  return `${figure(bytes / 2 ** 20)} MiB`;
}

/** The table in Markdown, under a line that says where and of what it was taken. */
export function formatReport(rows: readonly Row[], inputs: string): string {
  const require = createRequire(import.meta.url);
  const manifest = path.join(path.dirname(require.resolve('onnxruntime-node')), '..', 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const machine = `${os.cpus()[0]?.model.trim()}, ${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB`;
  const cells = [
    ['model', 'measure', 'result', 'against'],
    ...rows.map((row) => [row.model, row.measure, row.result, row.against]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((line) => (line[column] as string).length)));
  const lines = cells.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`);
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return `# hotvec benchmark

${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${machine}, ${os.type()} ${os.arch()}, Node ${process.version}, onnxruntime-node ${version}.
Inputs: ${inputs}. The load generator is a process of its own, but shares the cores with the service and its engine.
Made by \`npm run bench\`; how to read it: README.md beside this file.

${lines.join('\n')}
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
