import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../../errors.ts';
import { RetryableError } from './hub.ts';

/** Tries without progress before giving up. */
export const MAX_TRIES = 5;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 120_000;

/** Waits; tests put one here that does not. */
export type Wait = (milliseconds: number) => Promise<void>;

export const realWait: Wait = async (milliseconds) => {
  await sleep(milliseconds);
};

/** How long to wait after the given number of failures: what the hub asks for, or twice as long each time, with jitter. */
export function waitAfter(failures: number, error: RetryableError): number {
  const backoff = FIRST_WAIT_MS * 2 ** (failures - 1) * (1 + Math.random() / 2);
  return Math.min(LONGEST_WAIT_MS, Math.max(error.retryAfterMs ?? 0, backoff));
}

/**
 * Calls `attempt` until it succeeds, fails for good, or has failed {@link MAX_TRIES} times.
 * @throws {StartError} with the advice of the last failure.
 */
export async function withRetries<T>(attempt: () => Promise<T>, wait: Wait): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      if (failures >= MAX_TRIES) throw new StartError(error.advice);
      await wait(waitAfter(failures, error));
    }
  }
}
