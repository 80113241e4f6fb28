import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/**
 * Runs a client's program: it reads its task from standard input and writes a report to standard output, both JSON.
 * @param cwd where it is run; left out: here.
 */
export async function runProgram([command = '', ...args]: string[], task: object, cwd?: string): Promise<unknown> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], ...(cwd === undefined ? {} : { cwd }) });
  child.stdin.end(JSON.stringify(task));
  const answer = await text(child.stdout);
  assert.notEqual(answer, '', 'the program ended without a report');
  return JSON.parse(answer);
}
