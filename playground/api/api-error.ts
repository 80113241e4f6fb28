/** What the API answered instead, in its words; or why there was no answer. */
export class ApiError extends Error {
  /** 0: nothing answered. */
  readonly status: number;
  readonly code: string;
  /** The field of the body that is meant, as the API names it: `dimensions`, `input[3]`. */
  readonly param: string | null;
  /** When to ask again, in milliseconds, if it says so. */
  readonly retryAfterMs: number | null;

  constructor(message: string, facts: Pick<ApiError, 'status' | 'code' | 'param' | 'retryAfterMs'>) {
    super(message);
    this.name = 'ApiError';
    this.status = facts.status;
    this.code = facts.code;
    this.param = facts.param;
    this.retryAfterMs = facts.retryAfterMs;
  }

  /** Whether the same request may succeed a little later: the server starts, restarts, or has too much to do. */
  get isPassing(): boolean {
    return (
      this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504
    );
  }
}

/** @param text the body, in the OpenAI envelope; or whatever a proxy wrote. */
export function readApiError(status: number, text: string, retryAfter: string | null): ApiError {
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
  try {
    const { error } = JSON.parse(text) as { error: { message: string; code?: string; param?: string | null } };
    const { message, code = `http_${status}`, param = null } = error;
    return new ApiError(message, { status, code, param, retryAfterMs });
  } catch {
    const message = `The answer was HTTP ${status}, and not hotvec's: ${text.slice(0, 200) || 'nothing'}`;
    return new ApiError(message, { status, code: `http_${status}`, param: null, retryAfterMs });
  }
}
