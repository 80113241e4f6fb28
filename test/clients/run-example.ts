import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface ExampleRun {
  /** What was printed. */
  output: string;
  status: number | null;
}

/** Runs an example against the service at the URL. */
export async function runExample(command: string[], folder: string, url: string): Promise<ExampleRun> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, HOTVEC_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const output = await text(child.stdout);
  return { output, status: await ended };
}
