import { computed, signal } from '@preact/signals';
import type { ApiError } from './api-error.ts';

/** A request that waits until the server can answer it. */
interface Wait {
  /** What was answered instead, in the API's words. */
  reason: ApiError;
  /** When it is sent again, as `Date.now()`. */
  untilMs: number;
  /** Sends it now. */
  hurry: () => void;
  /** Lets it fail with its reason. */
  giveUp: () => void;
}

/** First wait where no answer says how long, twice as long each time. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 4000;

const waits = signal<readonly Wait[]>([]);

/** What the page waits for; null: nothing. */
export const waiting = computed(() => {
  const [first] = waits.value;
  if (first === undefined) return null;
  const untilMs = Math.min(...waits.value.map((wait) => wait.untilMs));
  return { reason: first.reason.message, untilMs, requests: waits.value.length };
});

/** Sends what waits now. */
export function askAgainNow(): void {
  for (const wait of waits.value) wait.hurry();
}

/** Lets all that waits fail, so that each place shows why. */
export function stopWaiting(): void {
  for (const wait of waits.value) wait.giveUp();
}

/**
 * Waits as long as the server said, or a little longer each time.
 * @param tries that failed before.
 * @throws {ApiError} the reason, when the user stops it; {DOMException} AbortError.
 */
export function waitFor(reason: ApiError, tries: number, abort: AbortSignal | undefined): Promise<void> {
  const delayMs = reason.retryAfterMs ?? Math.min(FIRST_WAIT_MS * 2 ** Math.min(tries, 8), LONGEST_WAIT_MS);
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      abort?.removeEventListener('abort', stop);
      waits.value = waits.value.filter((one) => one !== wait);
      settle();
    };
    const stop = () => end(() => reject(abort?.reason));
    const timer = setTimeout(() => end(resolve), delayMs);
    const wait: Wait = {
      reason,
      untilMs: Date.now() + delayMs,
      hurry: () => end(resolve),
      giveUp: () => end(() => reject(reason)),
    };
    waits.value = [...waits.value, wait];
    abort?.addEventListener('abort', stop, { once: true });
    if (abort?.aborted) stop();
  });
}
