import { batch, effect, type ReadonlySignal, signal } from '@preact/signals';
import { asApiError } from '../fields/error-message.tsx';
import type { ApiError } from './api-error.ts';
import type { Posted } from './api-types.ts';
import { post } from './server.ts';

/** An answer with the request that it belongs to. */
export interface Latest<Route extends keyof Posted> {
  body: Posted[Route]['body'];
  answer: Posted[Route]['answer'];
}

export interface LatestAnswer<Route extends keyof Posted> {
  /** Stays until the next is there, also while that is an error; null: nothing is asked, or nothing was answered. */
  latest: ReadonlySignal<Latest<Route> | null>;
  /** Of the newest request. */
  error: ReadonlySignal<ApiError | null>;
  /** Whether what is there belongs to another request than is asked now. */
  isBehind: ReadonlySignal<boolean>;
}

/**
 * Asks what a signal says, a moment after it changed last. An answer to what is no longer asked is dropped.
 * @param body null: nothing is asked.
 */
export function latestAnswer<Route extends keyof Posted>(
  route: Route,
  body: ReadonlySignal<Posted[Route]['body'] | null>,
  pauseMs: number,
): LatestAnswer<Route> {
  const latest = signal<Latest<Route> | null>(null);
  const error = signal<ApiError | null>(null);
  const isBehind = signal(false);
  const show = (newest: Latest<Route> | null, problem: ApiError | null) =>
    batch(() => {
      latest.value = newest;
      error.value = problem;
      isBehind.value = problem !== null;
    });

  effect(() => {
    const asked = body.value;
    if (asked === null) {
      show(null, null);
      return;
    }
    isBehind.value = true;
    const abort = new AbortController();
    const ask = async () => {
      try {
        const { body: answer } = await post(route, asked, { signal: abort.signal, priority: 'interactive' });
        if (!abort.signal.aborted) show({ body: asked, answer }, null);
      } catch (problem) {
        if (!abort.signal.aborted) show(latest.peek(), asApiError(problem));
      }
    };
    const timer = setTimeout(ask, pauseMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  });
  return { latest, error, isBehind };
}
