import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

// Loaded before a process that is under test (`--import`): asks it to stop so many milliseconds after it began to listen
// to signals, and says on standard error how many modules of packages were loaded by then.

const { STOP_WITH: signal, STOP_AFTER_MS: delay } = process.env;
if (isMainThread && signal !== undefined) {
  const onListener = (event: string | symbol) => {
    if (event !== signal) return;
    process.off('newListener', onListener);
    // biome-ignore lint/suspicious/noExplicitAny: not in the types of Node.
    const loaded = (process as any).moduleLoadList as string[];
    process.stderr.write(`listens, http ${loaded.includes('NativeModule http') ? 'loaded' : 'not loaded'}\n`);
    setTimeout(() => process.kill(process.pid, signal), Number(delay));
  };
  process.on('newListener', onListener);
}
