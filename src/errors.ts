/**
 * Every way a request or the service can fail, by code. The domain throws a code and a message; only
 * `http/answers/error-table.ts` knows which status it becomes.
 */
export type ErrorCode =
  // The request is wrong.
  | 'invalid_json'
  | 'invalid_input'
  | 'empty_input'
  | 'input_too_long'
  | 'too_many_inputs'
  | 'too_many_tokens'
  | 'invalid_token_id'
  | 'invalid_dimensions'
  | 'invalid_encoding_format'
  | 'unknown_field'
  | 'invalid_api_key'
  | 'host_not_allowed'
  | 'origin_not_allowed'
  | 'model_not_found'
  | 'file_not_found'
  | 'batch_not_found'
  | 'not_found'
  | 'method_not_allowed'
  | 'body_too_large'
  | 'body_too_slow'
  | 'unsupported_media_type'
  | 'fingerprint_mismatch'
  | 'state_conflict'
  // There is no room for it now.
  | 'overloaded'
  | 'key_share_exceeded'
  | 'insufficient_storage'
  // The service failed.
  | 'non_finite_output'
  | 'inference_failed'
  | 'internal_error'
  | 'not_ready'
  | 'draining'
  | 'engine_restarting'
  | 'deadline_exceeded'
  // The client disconnected; no one reads the response.
  | 'client_closed_request';

/** A failure that may be told to the client: its message holds no input text, path, key or library text. */
export class HotvecError extends Error {
  override readonly name = 'HotvecError';
  readonly code: ErrorCode;
  /** The request field at fault, as the OpenAI envelope writes it: `input[3]`. */
  readonly param: string | null;
  /** When a repetition may help: after this many milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { param?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.param = options.param ?? null;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A value that cannot be. @param param the field or header that has it. */
export function invalidInput(message: string, param: string): HotvecError {
  return new HotvecError('invalid_input', message, { param });
}

/** A failure that ends the start: its message is the one line that the operator reads, and says what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * What a check refuses, in its words; null: nothing.
 * @throws anything but a {@link StartError}.
 */
export async function refusalOf(check: () => void | Promise<void>): Promise<string | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the log tells of an unexpected error. Its message is left out: see `framesOf`. */
export function unexpectedFacts(error: NodeJS.ErrnoException): {
  error: string;
  errorCode: string | undefined;
  frames: string[];
} {
  return { error: error.name, errorCode: error.code, frames: framesOf(error) };
}

/** Where an unexpected error came from. Its message is left out: it may quote what the client sent, line breaks and all. */
export function framesOf({ stack = '', message }: Error): string[] {
  const start = stack.indexOf(message);
  if (start < 0) return [];
  return stack
    .slice(start + message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
}
