import { isUtf8 } from 'node:buffer';
import { HotvecError } from '../errors.ts';

/**
 * Lists and objects that a body may have; a valid one has two more than inputs. Each becomes an object of 50 to 100
 * bytes: 16 MiB of brackets took 900 MB and seconds to parse, and V8 ends the whole process, not the worker thread, when
 * a parse needs more memory than there is.
 */
export const MAX_CONTAINERS = 2 ** 18;

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * Reads a body as JSON (RFC 8259): strict UTF-8, and **null means absent** at the top level, because LiteLLM and others
 * send every optional field as null.
 *
 * `__proto__` and `constructor` are fields like others, and unknown ones: JSON.parse, spreading and Object.fromEntries
 * define own properties, they set no prototype. Object.assign, and merging by hand, would.
 *
 * @throws {HotvecError} invalid_json; invalid_input for more than MAX_CONTAINERS lists and objects.
 */
export function parseBody(bytes: Uint8Array): unknown {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Not by TextDecoder: on Node 20 it takes twenty times as long for text beyond ASCII.
  if (!isUtf8(body)) throw new HotvecError('invalid_json', 'The request body is not valid UTF-8.');
  if (body.length > MAX_CONTAINERS) checkContainers(body);
  // RFC 8259, 8.1: a reader may let a byte order mark pass; JSON.parse does not.
  const hasMark = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  const text = body.toString('utf8', hasMark ? BYTE_ORDER_MARK.length : 0);
  if (text.trim() === '') throw new HotvecError('invalid_json', 'The request body is empty; wanted is a JSON object.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the body; ours must not.
    throw new HotvecError('invalid_json', 'The request body is not valid JSON.');
  }
  return dropNulls(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

function checkContainers(body: Buffer): void {
  let containers = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === QUOTE) i = endOfString(body, i);
    else if (byte === BRACKET || byte === BRACE) containers += 1;
  }
  if (containers <= MAX_CONTAINERS) return;
  throw new HotvecError('invalid_input', `The request body has more than ${MAX_CONTAINERS} lists and objects.`);
}

/** Where the string that begins at `start` has its closing quote; the end of the body where it has none. */
function endOfString(body: Buffer, start: number): number {
  for (let end = body.indexOf(QUOTE, start + 1); end !== -1; end = body.indexOf(QUOTE, end + 1)) {
    let backslashes = 0;
    while (body[end - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return body.length;
}

/** Far more fields than any request has: validation refuses such a body, and going through them would only take time. */
const MAX_FIELDS = 100;

function dropNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = Object.keys(value);
  if (fields.length > MAX_FIELDS) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}
