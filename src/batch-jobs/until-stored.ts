import type { Clock } from '../clock.ts';
import { sleep } from './answer-line.ts';
import { storageFailure } from './storage-failure.ts';

export interface StorageWatch {
  clock: Clock;
  /** Aborted: it is waited for no longer. */
  signal: AbortSignal;
  /** Told the file system's code when something cannot be stored, and null when it can be again. */
  onStorage: (failure: string | null) => void;
}

const RETRY_MS = 5_000;

/**
 * Does what writes to the folder of batches, again and again while it cannot be written: a disk is full until somebody
 * makes room, and what was computed must not be lost meanwhile.
 * @returns whether it was done; else the signal came.
 * @throws {Error} what `work` throws for another reason.
 */
export async function untilStored(
  work: () => Promise<void>,
  { clock, signal, onStorage }: StorageWatch,
): Promise<boolean> {
  for (let hasFailed = false; ; hasFailed = true) {
    try {
      await work();
      if (hasFailed) onStorage(null);
      return true;
    } catch (error) {
      const failure = storageFailure(error);
      if (failure === undefined) throw error;
      if (!hasFailed) onStorage(failure);
    }
    await sleep(RETRY_MS, clock, signal);
    if (signal.aborted) return false;
  }
}
