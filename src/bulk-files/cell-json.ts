import type { LogicalType } from 'hyparquet';
import type { Cell, ColumnType, StoredType } from './rows.ts';
import { logicalTypeOf } from './stored-types.ts';

const MS_PER_DAY = 86_400_000;
/** Digits behind the second. */
const DIGITS = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const;

/**
 * A cell as JSON. Dates and times are strings as in ISO 8601, with all their digits; decimals are strings; bytes are
 * strings in base64; numbers that JSON has no word for (NaN, infinities) are null.
 */
export function cellJson(cell: Cell, type: ColumnType): string {
  if (cell === null) return 'null';
  if (typeof type === 'object') return storedJson(cell, type);
  return typeof cell === 'bigint' ? String(cell) : jsonOf(cell);
}

/** As JSON.stringify, but for -0, which that writes as 0. */
function jsonOf(cell: Cell): string {
  return Object.is(cell, -0) ? '-0' : JSON.stringify(cell);
}

function storedJson(cell: Cell, stored: StoredType): string {
  const logical = logicalTypeOf(stored);
  if (cell instanceof Uint8Array) return bytesJson(Buffer.from(cell), logical);
  if (typeof cell !== 'number' && typeof cell !== 'bigint') return JSON.stringify(cell);
  switch (logical?.type) {
    case 'DATE':
      return JSON.stringify(dateOf(Number(cell) * MS_PER_DAY).slice(0, 10));
    case 'TIME':
      return JSON.stringify(momentOf(BigInt(cell), logical.unit).slice(-(9 + DIGITS[logical.unit])));
    case 'TIMESTAMP':
      return JSON.stringify(`${momentOf(BigInt(cell), logical.unit)}${logical.isAdjustedToUTC ? 'Z' : ''}`);
    case 'DECIMAL':
      return JSON.stringify(decimalOf(BigInt(cell), logical.scale));
    case 'INTEGER': {
      const bits = typeof cell === 'bigint' ? 64 : 32;
      return String(logical.isSigned ? cell : BigInt.asUintN(bits, BigInt(cell)));
    }
    default:
      return typeof cell === 'bigint' ? String(cell) : jsonOf(cell);
  }
}

function bytesJson(bytes: Buffer, logical: LogicalType | undefined): string {
  switch (logical?.type) {
    case 'STRING':
    case 'ENUM':
    case 'JSON':
      return JSON.stringify(bytes.toString());
    case 'DECIMAL':
      return JSON.stringify(
        decimalOf(BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`)), logical.scale),
      );
    case 'UUID':
      return JSON.stringify(bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
    case 'FLOAT16':
      return JSON.stringify(float16Of(bytes.readUInt16LE()));
    default:
      return JSON.stringify(bytes.toString('base64'));
  }
}

/** `2024-02-29T12:34:56.789123`; years after 9999 and before 0 have a sign and six digits. */
function momentOf(value: bigint, unit: keyof typeof DIGITS): string {
  const perSecond = 10n ** BigInt(DIGITS[unit]);
  const rest = ((value % perSecond) + perSecond) % perSecond;
  const seconds = (value - rest) / perSecond;
  return `${dateOf(Number(seconds) * 1_000).slice(0, -5)}.${String(rest).padStart(DIGITS[unit], '0')}`;
}

function dateOf(ms: number): string {
  const date = new Date(ms);
  // Beyond what a Date holds, a quarter of a million years away: the number itself.
  return Number.isNaN(date.getTime()) ? `${ms / 1_000} s since 1970.000Z` : date.toISOString();
}

function decimalOf(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${unscaled < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`;
}

function float16Of(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
