import process from 'node:process';
import { workerData } from 'node:worker_threads';

// Entry of a worker thread in the engine process. While a batch runs the engine's own thread is inside native code and
// cannot see that its parent is gone; this one can. A kill by signal is the only end that is safe in mid-run.
const { parentProcessId } = workerData as { parentProcessId: number };

setInterval(() => {
  if (process.ppid !== parentProcessId) process.kill(process.pid, 'SIGKILL');
}, 500);
