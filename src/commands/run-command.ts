import process from 'node:process';
import { packageVersion } from '../package-info.ts';
import { pullCommand } from './pull.ts';
import { serveCommand } from './serve.ts';
import type { StopSignals } from './stop-signals.ts';
import { verifyCommand } from './verify.ts';

const USAGE = `hotvec ${packageVersion}: a text-embedding server

Usage:
  hotvec serve [flags]    serve a model over HTTP (the default command); --help lists the settings
  hotvec pull [MODEL]     download or update a model, and verify it; --help lists the settings
  hotvec verify [MODEL]   load a model and compare its vectors with known references
  hotvec --version
`;

/** Runs the command that the words of the command line name. Returns the exit code. */
export async function runCommand(
  [command = 'serve', ...rest]: readonly string[],
  signals: StopSignals,
): Promise<number> {
  if (command === '--version' || command === '-v') {
    process.stdout.write(`${packageVersion}\n`);
    return 0;
  }
  if (command === '--help' || command === '-h' || command === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === 'pull') return pullCommand(rest, signals);
  if (command === 'verify') return verifyCommand(rest);
  if (command === 'serve') return serveCommand(rest, signals);
  if (command.startsWith('--')) return serveCommand([command, ...rest], signals);
  process.stderr.write(`hotvec: unknown command ${command}\n\n${USAGE}`);
  return 64;
}
