import { type ChildProcess, fork } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** Starts an engine process. What it prints waits for {@link readLines}. */
export function forkEngine(entry: URL): ChildProcess {
  return fork(entry, [], {
    // Structured clone: typed arrays travel as bytes.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A batch leaves little on the JavaScript heap. Left to itself V8 still lets the space for new objects grow to 48
    // MB: 40 MB of an engine's growth over 10,000 requests.
    execArgv: ['--max-semi-space-size=2'],
    env: engineEnvironment(process.env),
  });
}

/** `onLine`: each line that an engine process prints, most often a complaint of a native library. */
export function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    // If a process cannot even be started because too many files are open, there are no streams.
    if (stream == null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() !== '') onLine(line);
    });
  }
}

/**
 * glibc keeps memory that was freed for the next time, up to 32 MB at a time after blocks as large: copies of weights that were made while
 * loading, 30 MiB of the 0.6B model in int8. Told a number, it gives blocks back from there on; ONNX Runtime itself keeps what batches need.
 */
const GIVES_BACK = { MALLOC_MMAP_THRESHOLD_: String(128 * 1024) };

/** The engine needs library paths and locale, never a secret. */
function engineEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const allowed = Object.entries(environment).filter(([name]) => !/TOKEN|KEY|SECRET|PASSW|NODE_OPTIONS/i.test(name));
  return { ...GIVES_BACK, ...Object.fromEntries(allowed), ORT_DISABLE_TELEMETRY: '1' };
}
