/**
 * Writes float32 numbers as JSON text, straight into a byte buffer.
 *
 * Nine significant digits identify every float32 (FLT_DECIMAL_DIG of the C standard), so a reader gets back the very
 * number; JSON.stringify writes up to seventeen, those of the double it was widened to, and takes several times as
 * long. Nine digits fit an int32: they come out of integer arithmetic, four at a time.
 */
const SIGNIFICANT_DIGITS = 9;
/** `-0.0000123456789`, or the exponent form of the slow path; and a comma. */
export const MAX_BYTES_PER_FLOAT = 24;

/** Outside these numbers are rare: the slow path writes them. */
const MIN_FAST = 1e-5;
const MAX_FAST = 1e8;

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
/** POWERS[i] = 10^i, exact in a double. */
const POWERS = Float64Array.from({ length: 15 }, (_, i) => 10 ** i);
/** The four ASCII digits of each number below 10,000, one after the other. */
const QUADS = Uint8Array.from({ length: 40_000 }, (_, i) => ZERO + (Math.floor(i / 4 / 10 ** (3 - (i % 4))) % 10));

/**
 * Writes `value`, finite, at `offset`; at least MAX_BYTES_PER_FLOAT bytes must be free.
 * @returns the offset after it.
 */
export function writeFloat(bytes: Uint8Array, offset: number, value: number): number {
  let end = offset;
  let magnitude = value;
  if (value < 0) {
    bytes[end++] = MINUS;
    magnitude = -value;
  }
  if (!(magnitude >= MIN_FAST && magnitude < MAX_FAST)) return writeText(bytes, offset, value);

  if (magnitude < 1) {
    bytes[end++] = ZERO;
    bytes[end++] = POINT;
    let zeros = 0;
    while (magnitude * (POWERS[zeros + 1] as number) < 1) {
      bytes[end++] = ZERO;
      zeros++;
    }
    end = writeNine(bytes, end, magnitude * (POWERS[zeros + SIGNIFICANT_DIGITS] as number));
  } else {
    let whole = 1;
    while (magnitude >= (POWERS[whole] as number)) whole++;
    const digits = end;
    end = writeNine(bytes, end, magnitude * (POWERS[SIGNIFICANT_DIGITS - whole] as number));
    bytes.copyWithin(digits + whole + 1, digits + whole, end++);
    bytes[digits + whole] = POINT;
  }
  while (bytes[end - 1] === ZERO) end--;
  return bytes[end - 1] === POINT ? end - 1 : end;
}

/** Writes the nine digits of `scaled`, in [1e8, 1e9) and never so near to 1e9 that rounding reaches it. */
function writeNine(bytes: Uint8Array, offset: number, scaled: number): number {
  const integer = (scaled + 0.5) | 0;
  const first = (integer / 100_000_000) | 0;
  const rest = integer - first * 100_000_000;
  const high = (rest / 10_000) | 0;
  const low = (rest - high * 10_000) << 2;
  const quad = high << 2;
  bytes[offset] = ZERO + first;
  bytes[offset + 1] = QUADS[quad] as number;
  bytes[offset + 2] = QUADS[quad + 1] as number;
  bytes[offset + 3] = QUADS[quad + 2] as number;
  bytes[offset + 4] = QUADS[quad + 3] as number;
  bytes[offset + 5] = QUADS[low] as number;
  bytes[offset + 6] = QUADS[low + 1] as number;
  bytes[offset + 7] = QUADS[low + 2] as number;
  bytes[offset + 8] = QUADS[low + 3] as number;
  return offset + SIGNIFICANT_DIGITS;
}

function writeText(bytes: Uint8Array, offset: number, value: number): number {
  // JSON has a negative zero, and so has float32.
  const text = Object.is(value, -0) ? '-0' : String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
  let end = offset;
  for (let i = 0; i < text.length; i++) bytes[end++] = text.charCodeAt(i);
  return end;
}
