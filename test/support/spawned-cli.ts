import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { packageRoot } from '../../src/package-info.ts';

export interface SpawnedCli {
  child: ChildProcess;
  /** Everything written so far, both streams. */
  output: () => string;
  /** The fields of the first log line with this message. */
  line: (message: string) => Promise<Record<string, unknown>>;
  /** Exit code, or the signal that ended it. */
  exit: Promise<number | NodeJS.Signals>;
}

/**
 * Runs the command line as a user does, with nothing in the environment but what is given and PATH.
 * @param openFiles most files that it may have open; POSIX systems only.
 */
export function spawnCli(
  args: readonly string[],
  environment: Record<string, string> = {},
  openFiles?: number,
): SpawnedCli {
  const command = [process.execPath, path.join(packageRoot, 'dist', 'src', 'cli.js'), ...args];
  const limited = openFiles === undefined ? [] : ['sh', '-c', `ulimit -n ${openFiles}; exec "$0" "$@"`];
  const [program, ...rest] = [...limited, ...command] as [string, ...string[]];
  const child = spawn(program, rest, {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      child.emit('output');
    });
  }
  const find = (message: string) => {
    for (const text of output.split('\n')) {
      if (!text.startsWith('{')) continue;
      const fields = JSON.parse(text) as Record<string, unknown>;
      if (fields.msg === message) return fields;
    }
    return undefined;
  };
  const exit = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  return {
    child,
    output: () => output,
    exit,
    async line(message) {
      const ended = exit.then((code) => {
        throw new Error(`ended with ${code} before "${message}":\n${output}`);
      });
      // It ends some day, long after the line was found.
      ended.catch(() => {});
      for (let found = find(message); ; found = find(message)) {
        if (found !== undefined) return found;
        await Promise.race([once(child, 'output'), ended]);
      }
    },
  };
}
