import { Worker } from 'node:worker_threads';

/** Ends this process, even in mid-computation, when the process that started it is gone. */
export function startOrphanGuard(parentProcessId: number): void {
  new Worker(new URL('./orphan-guard.js', import.meta.url), { workerData: { parentProcessId } }).unref();
}
