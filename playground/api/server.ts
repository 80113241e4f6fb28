import { signal } from '@preact/signals';
import { ApiError, noAnswer, readApiError } from './api-error.ts';
import type { Health, ModelList, Posted } from './api-types.ts';
import { apiKey, judgeKey, nextKey } from './key.ts';
import { waitFor } from './waiting.ts';

/** Where the API is: beside the page, so below any path that a proxy puts both. Ends with a slash. */
export const baseUrl = new URL('.', document.baseURI).href;

/** Raised whenever what is known of the models may be wrong: the server was away, refused a request, or vectors are of another model. */
export const modelDoubts = signal(0);
/** Of the last vectors of each model. */
const lastFingerprints = new Map<string, string>();

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
 * Asks the API. While the server starts, restarts or has too much to do, asks again when it says; while it wants another
 * key, when there is one.
 * @throws {ApiError} what it answered otherwise, or why the user did not wait; {DOMException} AbortError.
 */
export async function post<Route extends keyof Posted>(
  route: Route,
  body: Posted[Route]['body'],
  options: CallOptions = {},
): Promise<Answered<Posted[Route]['answer']>> {
  const init = { method: 'POST', body: JSON.stringify(body) };
  const answered = await patiently(options, async () => {
    const { headers, ...answer } = await call(route, init, options);
    return { body: JSON.parse(answer.text) as Posted[Route]['answer'], headers };
  }).catch((error: unknown) => {
    // What the page knew of the model may have been refused: a prompt, a size, a fingerprint or the name of another one.
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) modelDoubts.value++;
    throw error;
  });
  const fingerprint = answered.headers.get('x-embedding-fingerprint');
  if (fingerprint !== null) compareFingerprint(body.model ?? '', fingerprint);
  return { ...answered, fingerprint };
}

/** @throws as {@link post}. */
export async function fetchModels(options: CallOptions = {}): Promise<ModelList> {
  const list = await patiently(
    options,
    async () => JSON.parse((await call('/v1/models', {}, options)).text) as ModelList,
  );
  for (const { id, fingerprint } of list.data) if (fingerprint !== null) lastFingerprints.set(id, fingerprint);
  return list;
}

/** The metrics in Prometheus' text format, once. @throws as {@link post}, without waiting. */
export async function fetchMetrics(options: CallOptions = {}): Promise<string> {
  return (await call('/metrics', {}, options)).text;
}

/** How the service is, well or not, once. @throws as {@link post}, without waiting. */
export async function fetchHealth({ signal }: CallOptions = {}): Promise<Health> {
  // Without a key, which it does not need, and with no error for a status that says the same as the body.
  const answer = await send('/readyz', { signal: signal ?? null });
  const text = await answer.text();
  if (answer.status !== 200 && answer.status !== 503) throw readApiError(answer.status, text, answer.headers);
  return JSON.parse(text) as Health;
}

async function patiently<Result>({ signal }: CallOptions, ask: () => Promise<Result>): Promise<Result> {
  for (let tries = 0; ; tries++) {
    try {
      const result = await ask();
      if (tries > 0) modelDoubts.value++;
      return result;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) await nextKey(signal);
      else if (error.isPassing) await waitFor(error, tries, signal);
      else throw error;
    }
  }
}

interface CallAnswer {
  text: string;
  headers: Headers;
}

/** @throws {ApiError} for every status but 200; {DOMException} AbortError. */
async function call(
  route: string,
  init: RequestInit,
  { signal, priority, expectFingerprint }: CallOptions,
): Promise<CallAnswer> {
  const headers: Record<string, string> = {};
  if (init.body !== undefined) headers['content-type'] = 'application/json';
  if (apiKey.value !== '') headers.authorization = `Bearer ${apiKey.value}`;
  if (priority !== undefined) headers['x-priority'] = priority;
  if (expectFingerprint !== undefined) headers['x-expect-fingerprint'] = expectFingerprint;
  const answer = await send(route, { ...init, headers, signal: signal ?? null });
  // A connection may break in the middle of an answer, too.
  const text = await answer.text().catch((error: unknown) => sayNoAnswer(error, signal));
  const error = answer.ok ? null : readApiError(answer.status, text, answer.headers);
  judgeKey(error?.status === 401 ? error.message : null);
  if (error !== null) throw error;
  return { text, headers: answer.headers };
}

function send(route: string, init: RequestInit): Promise<Response> {
  const url = new URL(route.slice(1), baseUrl);
  return fetch(url, init).catch((error: unknown) => sayNoAnswer(error, init.signal));
}

function sayNoAnswer(error: unknown, signal: AbortSignal | null | undefined): never {
  throw signal?.aborted ? error : noAnswer();
}

function compareFingerprint(model: string, fingerprint: string): void {
  const last = lastFingerprints.get(model);
  lastFingerprints.set(model, fingerprint);
  if (last !== undefined && last !== fingerprint) modelDoubts.value++;
}
