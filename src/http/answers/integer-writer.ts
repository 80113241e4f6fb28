/** `-2147483648`, and a comma. */
export const MAX_BYTES_PER_INTEGER = 12;

const ZERO = 0x30;
const MINUS = 0x2d;

/**
 * Writes an int32 as JSON text, straight into a byte buffer; at least MAX_BYTES_PER_INTEGER bytes must be free.
 * @returns the offset after it.
 */
export function writeInteger(bytes: Uint8Array, offset: number, value: number): number {
  let start = offset;
  let rest = value;
  if (value < 0) {
    bytes[start++] = MINUS;
    rest = -value;
  }
  let digits = 1;
  for (let power = 10; rest >= power; power *= 10) digits++;
  for (let at = start + digits - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    bytes[at] = ZERO + rest - 10 * tenth;
    rest = tenth;
  }
  return start + digits;
}
