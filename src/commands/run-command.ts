import process from 'node:process';
import { packageVersion } from '../package-info.ts';
import { EXIT_USAGE } from './exit-codes.ts';
import type { StopSignals } from './stop-signals.ts';

const USAGE = `hotvec ${packageVersion}: a server of text embeddings and reranking

Usage:
  hotvec serve [flags]    serve a model over HTTP (the default command); --help lists the settings
  hotvec pull [MODEL]     download or update a model, and verify it; --help lists the settings
  hotvec embed INPUT… -o OUTPUT
                          write a vector for each row of files; --help lists the flags
  hotvec rerank INPUT… -o OUTPUT
                          write a score for each pair of query and document
  hotvec similarity INPUT… -o OUTPUT
                          write how alike the two texts of each row are
  hotvec batch INPUT -o OUTPUT
                          answer the lines of a file for OpenAI's Batch API, without a server
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
  // Each loads what it needs: most of a short command's time goes into loading modules.
  if (command === 'pull') return (await import('./pull.ts')).pullCommand(rest, signals);
  if (command === 'verify') return (await import('./verify.ts')).verifyCommand(rest);
  if (command === 'embed') return (await import('./embed.ts')).embedCommand(rest, signals);
  if (command === 'rerank') return (await import('./rerank.ts')).rerankCommand(rest, signals);
  if (command === 'similarity') return (await import('./similarity.ts')).similarityCommand(rest, signals);
  if (command === 'batch') return (await import('./batch.ts')).batchCommand(rest, signals);
  const isFlag = command.startsWith('--');
  if (command === 'serve' || isFlag) {
    const { serveCommand } = await import('./serve.ts');
    return serveCommand(isFlag ? [command, ...rest] : rest, signals);
  }
  process.stderr.write(`hotvec: unknown command ${command}\n\n${USAGE}`);
  return EXIT_USAGE;
}
