import { parentPort, workerData } from 'node:worker_threads';
import { hashFile } from './hash-file.ts';

// Entry of the thread that hashes a large file; started by file-hashes.ts.
parentPort?.postMessage(await hashFile(workerData as string));
