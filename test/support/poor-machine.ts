import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../src/package-info.ts';

const cli = path.join(packageRoot, 'dist', 'src', 'cli.js');
/** Environment of a user without a home. */
export const noHome = { NODE_OPTIONS: `--import=${new URL('./no-home.js', import.meta.url).href}` };
/** Runs a line of the shell to its end. `$0` is Node, `$1` the command line's file. */
export async function shell(line: string): Promise<{ code: number; output: string }> {
  const child = spawn('sh', ['-c', line, process.execPath, cli], {
    env: { PATH: process.env.PATH, HOME: tmpdir() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = await once(child, 'close');
  return { code: code as number, output };
}

/** That all that was printed, but for the lines of the log, is one line, and which. */
export function assertOneLine(output: string, message: RegExp): void {
  const lines = output
    .trim()
    .split('\n')
    // Of the shell, and of what came before.
    .filter((line) => !/^sh: |"level":"(info|warn)"/.test(line));
  assert.equal(lines.length, 1, output);
  assert.match(lines[0] as string, message);
}
