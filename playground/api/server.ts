import { signal } from '@preact/signals';
import { ApiError, readApiError } from './api-error.ts';
import type { ModelList, Posted } from './api-types.ts';

/** Where the API is: beside the page, so below any path that a proxy puts both. Ends with a slash. */
export const baseUrl = new URL('.', document.baseURI).href;

const KEY_IN_TAB = 'hotvec-api-key';
/** Kept until the tab is closed, and nowhere else; empty: none. */
export const apiKey = signal(sessionStorage.getItem(KEY_IN_TAB) ?? '');
/** Whether the server asked for a key, or refused the one there is: its words. */
export const keyRefusal = signal<string | null>(null);
/** What the page waits for while the server cannot answer; null: nothing. */
export const waiting = signal<{ reason: string; untilMs: number } | null>(null);

/** Without an answer that says more. */
const USUAL_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
/** A server that restarts loads its model for so long, at most; then the user decides. */
const PATIENCE_MS = 5 * 60_000;

export function keepKey(key: string): void {
  apiKey.value = key;
  keyRefusal.value = null;
  if (key === '') sessionStorage.removeItem(KEY_IN_TAB);
  else sessionStorage.setItem(KEY_IN_TAB, key);
}

interface CallOptions {
  signal?: AbortSignal | undefined;
  /** `bulk` lets others go first; left out: the server decides by the size. */
  priority?: 'interactive' | 'bulk' | undefined;
  /** Refused by the server where it is not the model's any more. */
  expectFingerprint?: string | undefined;
}

export interface Answered<Body> {
  body: Body;
  /** `x-embedding-fingerprint`; null where a route has none. */
  fingerprint: string | null;
  headers: Headers;
}

/**
 * Asks the API. While the server starts, restarts or has too much to do, asks again when it says.
 * @throws {ApiError} what it answered otherwise; {DOMException} AbortError.
 */
export async function post<Route extends keyof Posted>(
  route: Route,
  body: Posted[Route]['body'],
  options: CallOptions = {},
): Promise<Answered<Posted[Route]['answer']>> {
  const answer = await patiently(options, () => call(route, { method: 'POST', body: JSON.stringify(body) }, options));
  const { headers } = answer;
  const fingerprint = headers.get('x-embedding-fingerprint');
  return { body: (await answer.json()) as Posted[Route]['answer'], fingerprint, headers };
}

/** @throws as {@link post}. */
export async function fetchModels(options: CallOptions = {}): Promise<ModelList> {
  const answer = await patiently(options, () => call('/v1/models', {}, options));
  return (await answer.json()) as ModelList;
}

/** The metrics in Prometheus' text format, once. @throws as {@link post}, without waiting. */
export async function fetchMetrics(options: CallOptions = {}): Promise<string> {
  return (await call('/metrics', {}, options)).text();
}

async function patiently<Result>({ signal }: CallOptions, ask: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  for (let tries = 0; ; tries++) {
    try {
      const result = await ask();
      waiting.value = null;
      return result;
    } catch (error) {
      const canWait = error instanceof ApiError && error.isPassing && performance.now() - start < PATIENCE_MS;
      if (!canWait) {
        waiting.value = null;
        throw error;
      }
      const delayMs = Math.min(error.retryAfterMs ?? USUAL_WAIT_MS * 2 ** Math.min(tries, 4), LONGEST_WAIT_MS);
      waiting.value = { reason: error.message, untilMs: Date.now() + delayMs };
      await delay(delayMs, signal);
    }
  }
}

async function call(route: string, init: RequestInit, { signal, priority, expectFingerprint }: CallOptions) {
  const headers: Record<string, string> = {};
  if (init.body !== undefined) headers['content-type'] = 'application/json';
  if (apiKey.value !== '') headers.authorization = `Bearer ${apiKey.value}`;
  if (priority !== undefined) headers['x-priority'] = priority;
  if (expectFingerprint !== undefined) headers['x-expect-fingerprint'] = expectFingerprint;
  const answer = await fetch(new URL(route.slice(1), baseUrl), { ...init, headers, signal: signal ?? null }).catch(
    (error: unknown) => {
      if (signal?.aborted) throw error;
      const message = 'The server does not answer; asking again.';
      throw new ApiError(message, { status: 0, code: 'no_answer', param: null, retryAfterMs: null });
    },
  );
  if (answer.ok) return answer;
  const error = readApiError(answer.status, await answer.text(), answer.headers.get('retry-after'));
  if (answer.status === 401) keyRefusal.value = error.message;
  throw error;
}

/** @throws {DOMException} AbortError. */
function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      waiting.value = null;
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
