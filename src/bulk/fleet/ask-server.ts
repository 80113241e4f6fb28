import { type Dispatcher, request } from 'undici';
import { explainConnection } from './explain-connection.ts';

/** The longest wait that a server is granted. */
const LONGEST_WAIT_MS = 120_000;
/** Characters of a page that is shown. */
const MOST_SHOWN = 80;
/** Said of a server that is busy and does not say for how long. */
const BUSY_MS = 1_000;
/** Of requests that are refused for their size, and go through in parts. */
const TOO_LARGE = ['too_many_inputs', 'too_many_tokens', 'body_too_large'];

/**
 * Why a server did not answer with results.
 *
 * - `busy`: it will take work after `waitMs`, and others may now.
 * - `lost`: it cannot be reached, or does not answer; `isLasting`: it will not, if it did not before.
 * - `failed`: it tried; the work may be the reason.
 * - `too_large`: it takes the same in parts.
 * - `foreign`: its vectors are of another space.
 * - `refused`: no server will ever do that, for the reason `code`.
 */
export type AskFailure =
  | { kind: 'busy'; waitMs: number }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'lost'; message: string; isLasting: boolean }
  | { kind: 'failed' | 'too_large' | 'foreign'; message: string };

export class AskError extends Error {
  override readonly name = 'AskError';
  readonly failure: AskFailure;

  constructor(failure: AskFailure) {
    super(failure.kind === 'busy' ? 'it is busy, or loads its model' : failure.message);
    this.failure = failure;
  }
}

/** A server that is not what it should be. */
export function refusal(message: string): AskError {
  return new AskError({ kind: 'refused', code: '', message });
}

export interface AskOptions {
  dispatcher: Dispatcher;
  headers: Readonly<Record<string, string>>;
  body: unknown;
  signal: AbortSignal;
}

export interface Asked {
  /** Parsed JSON. */
  body: unknown;
  /** null: the server is no hotvec. */
  fingerprint: string | null;
}

/** One request, one answer. @throws {AskError} the signal's reason. */
export async function askServer(url: string, { dispatcher, headers, body, signal }: AskOptions): Promise<Asked> {
  let answer: Dispatcher.ResponseData;
  let text: string;
  try {
    answer = await request(url, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal,
    });
    text = await answer.body.text();
  } catch (error) {
    signal.throwIfAborted();
    throw new AskError({ kind: 'lost', ...explainConnection(url, error) });
  }
  const { statusCode: status } = answer;
  if (status !== 200) throw new AskError(failureOf(status, answer.headers, text));
  try {
    return {
      body: JSON.parse(text),
      fingerprint: headerOf(answer.headers, 'x-embedding-fingerprint') || null,
    };
  } catch {
    throw refusal('it answers with something else than JSON: it is no hotvec');
  }
}

function failureOf(status: number, headers: Dispatcher.ResponseData['headers'], text: string): AskFailure {
  const { code, message } = errorOf(text) ?? { code: '', message: strangeAnswer(status, headers, text) };
  if (status === 409 && code === 'fingerprint_mismatch') return { kind: 'foreign', message };
  if (status === 413 || TOO_LARGE.includes(code)) return { kind: 'too_large', message };
  if (status === 429 || status === 503) return { kind: 'busy', waitMs: waitOf(headers) };
  // Said by a proxy whose server is gone, or by a server that had too little time.
  if (status === 502 || status === 504 || status === 408) return { kind: 'lost', message, isLasting: false };
  return status >= 500 ? { kind: 'failed', message } : { kind: 'refused', code, message };
}

/** What no hotvec says: a proxy, or another server that has the address. */
function strangeAnswer(status: number, headers: Dispatcher.ResponseData['headers'], text: string): string {
  const location = headerOf(headers, 'location');
  if (status >= 300 && status < 400 && location !== '') {
    return `it redirects to ${location} (status ${status}), which is not followed. Give the address of the server itself.`;
  }
  // The title of a page, or a line of text.
  const page = /<title>([^<]*)<\/title>/i.exec(text)?.[1] ?? text.replace(/<[^>]*>/g, ' ');
  const words = page.replace(/\s+/g, ' ').trim().slice(0, MOST_SHOWN);
  const said = words === '' ? '' : `: ${JSON.stringify(words)}`;
  const isProxy = [502, 503, 504].includes(status);
  const who = isProxy
    ? 'as a proxy does whose server is not there'
    : 'and not as hotvec does. Is this the address of one?';
  return `it answers with status ${status}${said}, ${who}`;
}

function errorOf(text: string): { code: string; message: string } | null {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } };
    return typeof error?.message === 'string' ? { code: String(error.code), message: error.message } : null;
  } catch {
    return null;
  }
}

/** `retry-after` in seconds, or as a date; `retry-after-ms` is more exact. */
function waitOf(headers: Dispatcher.ResponseData['headers']): number {
  const exact = Number(headerOf(headers, 'retry-after-ms') || Number.NaN);
  const after = headerOf(headers, 'retry-after');
  const seconds = /^\d+$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
  const asked = Number.isFinite(exact) ? exact : 1000 * seconds;
  return Number.isFinite(asked) ? Math.min(LONGEST_WAIT_MS, Math.max(0, asked)) : BUSY_MS;
}

function headerOf(headers: Dispatcher.ResponseData['headers'], name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
}
