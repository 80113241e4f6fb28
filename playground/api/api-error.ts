/** What the API answered instead, in its words; or why there was no answer. */
export class ApiError extends Error {
  /** 0: nothing answered. */
  readonly status: number;
  readonly code: string;
  /** The field of the body that is meant, as the API names it: `dimensions`, `input[3]`. */
  readonly param: string | null;
  /** When to ask again, in milliseconds, if it says so. */
  readonly retryAfterMs: number | null;
  /** Whether the same request may succeed a little later: the server starts, restarts, or has too much to do. */
  readonly isPassing: boolean;

  constructor(message: string, facts: Pick<ApiError, 'status' | 'code' | 'param' | 'retryAfterMs' | 'isPassing'>) {
    super(message);
    this.name = 'ApiError';
    this.status = facts.status;
    this.code = facts.code;
    this.param = facts.param;
    this.retryAfterMs = facts.retryAfterMs;
    this.isPassing = facts.isPassing;
  }
}

/** 502 and 504 come from what stands in front; hotvec's own 504 says that the request took too long. */
const PASSING = new Set([429, 502, 503, 504]);
const LASTING_CODES = new Set(['deadline_exceeded']);

/** @param text the body, in the OpenAI envelope; or whatever a proxy wrote. */
export function readApiError(status: number, text: string, headers: Headers): ApiError {
  const { message, code, param } = readEnvelope(status, text);
  const isPassing = PASSING.has(status) && !LASTING_CODES.has(code) && headers.get('x-should-retry') !== 'false';
  return new ApiError(message, { status, code, param, retryAfterMs: readRetryAfter(headers), isPassing });
}

/** Nothing answered: no server, no network. */
export function noAnswer(): ApiError {
  const facts = { status: 0, code: 'no_answer', param: null, retryAfterMs: null, isPassing: true };
  return new ApiError('The server does not answer.', facts);
}

function readEnvelope(status: number, text: string): Pick<ApiError, 'message' | 'code' | 'param'> {
  const code = `http_${status}`;
  try {
    const { error } = JSON.parse(text) as { error: { message: string; code?: string; param?: string | null } };
    return { message: error.message, code: error.code ?? code, param: error.param ?? null };
  } catch {
    const message = `The answer was HTTP ${status}, and not hotvec's: ${text.slice(0, 200) || 'nothing'}`;
    return { message, code, param: null };
  }
}

/** In milliseconds where the server says so, else in seconds or as a date: RFC 9110, 10.2.3. */
function readRetryAfter(headers: Headers): number | null {
  const ms = headers.get('retry-after-ms');
  if (ms !== null && Number.isFinite(Number(ms))) return Number(ms);
  const text = headers.get('retry-after');
  if (text === null) return null;
  const delayMs = Number.isFinite(Number(text)) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(delayMs) ? null : Math.max(0, delayMs);
}
