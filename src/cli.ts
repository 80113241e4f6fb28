#!/usr/bin/env node
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { EXIT_SIGNALS } from './commands/exit-codes.ts';
import { explainMachineError } from './commands/explain-machine-error.ts';
import { StopSignals } from './commands/stop-signals.ts';

// What is imported here is loaded before anything runs; all else is loaded when signals are heard, and when what the
// machine has too little of can be said in a line.

/**
 * Files besides those that Node has open: startup opens its modules, the model and the pipes of the engine, some 150 at
 * a time, and every client takes one more.
 */
const LEAST_OPEN_FILES = 200;

const args = process.argv.slice(2);
/** Commands that end when their work is done: stopped before that, they have not done as they were asked. */
const WORKS = ['pull', 'verify'];
/** Those whose work goes on later: the exit code says that they were stopped. */
const RESUMED_WORKS = ['embed', 'rerank', 'similarity', 'batch'];
const signals = new StopSignals((signal) => {
  if (RESUMED_WORKS.includes(args[0] ?? '')) return EXIT_SIGNALS[signal] ?? 1;
  return WORKS.includes(args[0] ?? '') ? 1 : 0;
});

async function run(): Promise<number> {
  try {
    checkOpenFiles();
    const { runCommand } = await import('./commands/run-command.ts');
    return await runCommand(args, signals);
  } catch (error) {
    const explained = explainMachineError(error);
    if (explained === undefined) throw error;
    process.stderr.write(`hotvec: ${explained}\n`);
    return 1;
  }
}

/** @throws {Error} with code EMFILE, where fewer may be open. Else loading code fails, at another place each time. */
function checkOpenFiles(): void {
  const opened: number[] = [];
  try {
    while (opened.length < LEAST_OPEN_FILES) opened.push(openSync(fileURLToPath(import.meta.url), 'r'));
  } finally {
    for (const file of opened) closeSync(file);
  }
}

// A server continues without these; for a command whose output is lost, that is not a success.
process.stderr.on('error', () => {});
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  process.exitCode = 1;
  if (code !== 'EPIPE') process.stderr.write(`hotvec: cannot write the output (${code}).\n`);
});

const exitCode = await run();
// Errors of what was just written arrive a moment later.
await new Promise((resolve) => setImmediate(resolve));
process.exitCode ??= exitCode;
// Whatever is still open (a keep-alive socket, a timer) must not hold a server that was told to stop.
process.exit();
