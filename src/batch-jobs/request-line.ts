import { isUtf8 } from 'node:buffer';
import type { BatchEndpoint } from './batch-job.ts';

/** One line of an input file. */
export interface RequestLine {
  /** What the client calls it, and finds its answer by. */
  customId: string;
  /** JSON, as it is to be posted. */
  body: Buffer;
  /** The model that the body names. */
  model: string | undefined;
}

/** Why a line cannot be asked. Nothing of the line is repeated but names of fields. */
export class LineError extends Error {
  override readonly name = 'LineError';
  readonly code: string;
  readonly param: string | null;

  constructor(code: string, message: string, param: string | null = null) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

const FIELDS: ReadonlySet<string> = new Set(['custom_id', 'method', 'url', 'body']);
/** As long as the values of metadata. */
const LONGEST_ID = 512;

/**
 * Reads `{"custom_id", "method", "url", "body"}`. What is in the body is for the route to judge, but for what concerns
 * the batch as a whole.
 * @param endpoint of the batch, which every line must name.
 * @throws {LineError}
 */
export function readRequestLine(bytes: Buffer, endpoint: BatchEndpoint): RequestLine {
  const line = parse(bytes);
  for (const field of Object.keys(line)) {
    if (!FIELDS.has(field))
      throw new LineError('unknown_field', 'The line has a field other than custom_id, method, url and body.');
  }
  const { custom_id: customId, method, url, body } = line;
  if (typeof customId !== 'string' || customId === '' || customId.length > LONGEST_ID) {
    const message = `custom_id must be a string of 1 to ${LONGEST_ID} characters.`;
    throw new LineError(
      customId === undefined ? 'missing_required_parameter' : 'invalid_custom_id',
      message,
      'custom_id',
    );
  }
  if (method !== 'POST') throw new LineError('invalid_method', 'method must be POST.', 'method');
  if (url !== endpoint) {
    throw new LineError('invalid_url', `url must be the endpoint of the batch, ${endpoint}.`, 'url');
  }
  if (!isObject(body)) throw new LineError('invalid_body', 'body must be a JSON object.', 'body');
  if (body.stream === true) {
    throw new LineError(
      'stream_not_supported',
      'body.stream must not be true: a batch has no one to stream to.',
      'body.stream',
    );
  }
  // As for requests: null means absent.
  const model = body.model ?? undefined;
  if (model !== undefined && typeof model !== 'string') {
    throw new LineError('invalid_model', 'body.model must be a string.', 'body.model');
  }
  return { customId, body: Buffer.from(stringify(body)), model };
}

function parse(bytes: Buffer): Record<string, unknown> {
  if (!isUtf8(bytes)) throw new LineError('invalid_json_line', 'The line is not valid UTF-8.');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    // The parser's message quotes the line.
    throw new LineError('invalid_json_line', 'The line is not valid JSON.');
  }
  if (!isObject(value)) throw new LineError('invalid_json_line', 'The line is not a JSON object.');
  return value;
}

function stringify(body: object): string {
  try {
    const text = JSON.stringify(body);
    // What is beyond a double was read as infinity, and is written as null: as if the field were absent.
    if (text.includes('null')) JSON.stringify(body, refuseInfinity);
    return text;
  } catch (error) {
    if (error instanceof LineError) throw error;
    // It is read without a stack and written with one.
    throw new LineError('invalid_json_line', 'body is nested too deeply.', 'body');
  }
}

function refuseInfinity(_: string, value: unknown): unknown {
  if (Math.abs(value as number) !== Number.POSITIVE_INFINITY) return value;
  throw new LineError('invalid_json_line', 'body has a number that is too large.', 'body');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
