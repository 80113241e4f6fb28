import { HotvecError } from '../../errors.ts';
import { grouped } from './kind-of.ts';

/**
 * Lists and objects that a body may have; a valid one has two more than inputs. Each becomes an object of 50 to 100
 * bytes: 16 MiB of brackets took 900 MB and seconds to parse, and V8 ends the whole process, not the worker thread, when
 * a parse needs more memory than there is.
 */
export const MAX_CONTAINERS = 2 ** 18;
/**
 * Names of fields that a body may have, at all depths together. A valid one has the most if both sides of a similarity
 * are items of a response: three or five per input. Names that differ take JSON.parse 0.4 µs each.
 */
export const MAX_NAMES = 2 ** 16;
/** How deep arrays and objects may be nested. No field that is read goes deeper than four; ignored ones may. */
export const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Refuses JSON that takes more to read than its bytes tell, before it is parsed. In one pass, without recursion: what
 * is refused is refused in the time of its first bytes.
 *
 * @param body UTF-8; anything that is not JSON passes, or is refused anyway.
 * @throws {HotvecError} invalid_json, beyond MAX_CONTAINERS, MAX_NAMES or MAX_DEPTH.
 */
export function checkShape(body: Buffer): void {
  let containers = 0;
  let names = 0;
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    switch (body[i]) {
      case QUOTE:
        i = endOfString(body, i);
        break;
      case OPENING_BRACKET:
      case OPENING_BRACE:
        containers += 1;
        depth += 1;
        if (depth > MAX_DEPTH) throw tooMuch(`arrays and objects nested more than ${MAX_DEPTH} deep`);
        if (containers > MAX_CONTAINERS) throw tooMuch(`more than ${grouped(MAX_CONTAINERS)} arrays and objects`);
        break;
      case CLOSING_BRACKET:
      case CLOSING_BRACE:
        depth -= 1;
        break;
      case COLON:
        names += 1;
        if (names > MAX_NAMES) throw tooMuch(`more than ${grouped(MAX_NAMES)} fields`);
        break;
    }
  }
}

function tooMuch(what: string): HotvecError {
  return new HotvecError('invalid_json', `The request body has ${what}.`);
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
