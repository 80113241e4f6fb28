import { isUtf8 } from 'node:buffer';
import { HotvecError } from '../../errors.ts';
import { checkShape } from './check-shape.ts';

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * Reads a body as JSON (RFC 8259): strict UTF-8, and **null means absent** at the top level, because LiteLLM and others
 * send every optional field as null.
 *
 * `__proto__` and `constructor` are fields like others, and unknown ones: JSON.parse, spreading and Object.fromEntries
 * define own properties, they set no prototype. Object.assign, and merging by hand, would.
 *
 * @throws {HotvecError} invalid_json, also for what `checkShape` refuses.
 */
export function parseBody(bytes: Uint8Array): unknown {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Not by TextDecoder: on Node 20 it takes twenty times as long for text beyond ASCII.
  if (!isUtf8(body)) throw new HotvecError('invalid_json', 'The request body is not valid UTF-8.');
  checkShape(body);
  // RFC 8259, 8.1: a reader may let a byte order mark pass; JSON.parse does not.
  const hasMark = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  const text = body.toString('utf8', hasMark ? BYTE_ORDER_MARK.length : 0);
  if (text.trim() === '') throw new HotvecError('invalid_json', 'The request body is empty; expected a JSON object.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the body; ours must not.
    throw new HotvecError('invalid_json', 'The request body is not valid JSON.');
  }
  return dropNulls(value);
}

function dropNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (!Object.values(value).includes(null)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}
