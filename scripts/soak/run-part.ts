import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../src/package-info.ts';
import { type PartOutcome, readFigures } from './judge-figures.ts';
import type { SoakOptions } from './options.ts';
import type { SoakPart } from './parts.ts';

/** No part may block a run forever: its limit in minutes, beyond those of the memory watch. */
const MINUTES_LIMIT = 20;

const dist = path.join(packageRoot, 'dist');

/** Runs the files of a part one after the other, each in a process of its own, and passes on what they print. */
export async function runPart(part: SoakPart, options: SoakOptions): Promise<PartOutcome> {
  const start = performance.now();
  const figures = [];
  let exitCode: number | null = 0;
  const files = filesOf(part);
  if (files.length === 0) throw new Error(`The part ${part.name} has no files: see scripts/soak/parts.ts.`);
  for (const file of files) {
    const { code, output } = await runFile(file, options);
    figures.push(...readFigures(output));
    if (code !== 0) exitCode = code;
  }
  return { name: part.name, exitCode, seconds: (performance.now() - start) / 1000, figures };
}

function filesOf({ run }: SoakPart): string[] {
  if ('script' in run) return [path.join(dist, run.script)];
  return readdirSync(path.join(dist, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js') && run.tests.some((start) => file.startsWith(start)))
    .map((file) => path.join(dist, 'test', file))
    .sort();
}

/** @returns exit code, or null: ended by a signal, ours after the time limit. */
function runFile(file: string, options: SoakOptions): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', file], {
      env: {
        ...process.env,
        HOTVEC_TEST_SOAK: '1',
        HOTVEC_TEST_SOAK_SCALE: String(options.scale),
        HOTVEC_TEST_SOAK_MINUTES: String(options.minutes),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const limit = setTimeout(() => child.kill('SIGTERM'), 60_000 * (MINUTES_LIMIT + options.minutes));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      process.stderr.write(text);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      resolve({ code, output });
    });
  });
}
