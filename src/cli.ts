#!/usr/bin/env node
import process from 'node:process';
import { pullCommand } from './commands/pull.ts';
import { serveCommand } from './commands/serve.ts';
import { verifyCommand } from './commands/verify.ts';
import { packageVersion } from './package-info.ts';

const USAGE = `hotvec ${packageVersion}: a text-embedding server

Usage:
  hotvec serve [flags]    serve a model over HTTP (the default command); --help lists the settings
  hotvec pull [MODEL]     download a model, or what is newer of it, and verify it; --help lists the settings
  hotvec verify [MODEL]   load a model and compare its vectors with what is known of them
  hotvec --version
`;

async function run([command = 'serve', ...rest]: readonly string[]): Promise<number> {
  if (command === '--version' || command === '-v') {
    process.stdout.write(`${packageVersion}\n`);
    return 0;
  }
  if (command === '--help' || command === '-h' || command === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === 'pull') return pullCommand(rest);
  if (command === 'verify') return verifyCommand(rest);
  if (command === 'serve') return serveCommand(rest);
  if (command.startsWith('--')) return serveCommand([command, ...rest]);
  process.stderr.write(`hotvec: there is no command ${command}\n\n${USAGE}`);
  return 64;
}

process.exitCode = await run(process.argv.slice(2));
// Whatever is still open (a keep-alive socket, a timer) must not hold a server that was told to stop.
process.exit();
