/**
 * Writes float32 numbers as JSON text, straight into a byte buffer.
 *
 * Nine significant digits identify every float32 (FLT_DECIMAL_DIG of the C standard), so a reader gets back the very
 * number; JSON.stringify writes up to seventeen, those of the double it was widened to, and takes several times as long.
 */
const SIGNIFICANT_DIGITS = 9;
/** `-0.0000000123456789`: sign, leading zeros down to MIN_FIXED, digits, point, comma. */
export const MAX_BYTES_PER_FLOAT = 24;

/** Outside these the exponent form is shorter, and rare enough for the slow path. */
const MIN_FIXED = 1e-7;
const MAX_FIXED = 1e8;

/** POWERS[i] = 10^i; exact in a double up to 22. */
const POWERS = Array.from({ length: 23 }, (_, i) => 10 ** i);
const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;

/** Digits of a number while they are written; module-wide because the writer never yields. */
const digits = new Uint8Array(SIGNIFICANT_DIGITS);

/**
 * Writes `value`, finite, at `offset`; at least MAX_BYTES_PER_FLOAT bytes must be free.
 * @returns the offset after it.
 */
export function writeFloat(buffer: Uint8Array, offset: number, value: number): number {
  if (value === 0) {
    // JSON has a negative zero, and so has float32.
    if (Object.is(value, -0)) buffer[offset++] = MINUS;
    buffer[offset++] = ZERO;
    return offset;
  }
  const magnitude = Math.abs(value);
  if (magnitude < MIN_FIXED || magnitude >= MAX_FIXED) return writeText(buffer, offset, value);
  if (value < 0) buffer[offset++] = MINUS;

  // magnitude = integer × 10^−decimals, integer of nine digits (ten after a round-up to a power of ten).
  let decimals = SIGNIFICANT_DIGITS - 1;
  for (let bound = 1; magnitude < bound; bound /= 10) decimals++;
  for (let bound = 10; magnitude >= bound; bound *= 10) decimals--;
  let integer = Math.round(magnitude * (POWERS[decimals] as number));
  if (integer >= 1e9) {
    integer /= 10;
    decimals--;
  }
  let count = SIGNIFICANT_DIGITS;
  while (integer % 10 === 0 && decimals > 0) {
    integer /= 10;
    decimals--;
    count--;
  }
  for (let i = count - 1; i >= 0; i--) {
    const rest = Math.floor(integer / 10);
    digits[i] = integer - rest * 10;
    integer = rest;
  }

  const integerDigits = count - decimals;
  if (integerDigits <= 0) {
    buffer[offset++] = ZERO;
    buffer[offset++] = POINT;
    for (let i = integerDigits; i < 0; i++) buffer[offset++] = ZERO;
    for (let i = 0; i < count; i++) buffer[offset++] = ZERO + (digits[i] as number);
    return offset;
  }
  for (let i = 0; i < count; i++) {
    if (i === integerDigits) buffer[offset++] = POINT;
    buffer[offset++] = ZERO + (digits[i] as number);
  }
  return offset;
}

function writeText(buffer: Uint8Array, offset: number, value: number): number {
  const text = String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
  for (let i = 0; i < text.length; i++) buffer[offset++] = text.charCodeAt(i);
  return offset;
}
