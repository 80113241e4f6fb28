import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../../errors.ts';
import { RetryableError } from './hub.ts';

/** Tries without progress before giving up. */
export const MAX_TRIES = 5;
const FIRST_WAIT_MS = 500;
/** Hubs that ask for a longer wait are asked again after this one, and the log says so. */
const LONGEST_WAIT_MS = 120_000;

/** Waits; tests put one here that does not. */
export type Wait = (milliseconds: number) => Promise<void>;

/** Told of each try that failed, before the wait. */
export type OnRetry = (reason: string, waitMs: number) => void;

export const realWait: Wait = async (milliseconds) => {
  await sleep(milliseconds);
};

/** Says why another try is needed, and waits: for what the hub asks, or twice as long each time, with jitter. */
export async function waitAfter(failures: number, error: RetryableError, wait: Wait, onRetry: OnRetry): Promise<void> {
  const asked = error.retryAfterMs ?? 0;
  const backoff = FIRST_WAIT_MS * 2 ** (failures - 1) * (1 + Math.random() / 2);
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(asked, backoff));
  onRetry(asked > waitMs ? `${error.message}, which asks to wait ${Math.ceil(asked / 1000)} s` : error.message, waitMs);
  await wait(waitMs);
}

/**
 * Calls `attempt` until it succeeds, fails for good, or has failed {@link MAX_TRIES} times.
 * @throws {StartError} with the advice of the last failure.
 */
export async function withRetries<T>(attempt: () => Promise<T>, wait: Wait, onRetry: OnRetry): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      if (failures >= MAX_TRIES) throw new StartError(error.advice);
      await waitAfter(failures, error, wait, onRetry);
    }
  }
}
