import { setImmediate } from 'node:timers/promises';
import { type OutputDtype, quantizeVector } from '../body/output-dtype.ts';
import { ByteWriter } from './byte-writer.ts';
import { MAX_BYTES_PER_FLOAT } from './float-writer.ts';

export type EncodingFormat = 'float' | 'base64';

/** Numbers written between two yields: two milliseconds or so. */
export const NUMBERS_PER_SLICE: Record<EncodingFormat, number> = { float: 80_000, base64: 200_000 };

export interface RowsAnswer {
  /** JSON around the rows. */
  before?: string;
  after?: string;
  format?: EncodingFormat;
  dtype?: OutputDtype;
}

/**
 * Writes rows of finite numbers as a JSON array, `[[…],[…]]` or `["…","…"]`, between two pieces of JSON. The event loop
 * is let in every few milliseconds.
 *
 * @param rows of one length, not yet quantized.
 * @returns JSON in chunks.
 */
export async function encodeRows(rows: readonly Float32Array[], answer: RowsAnswer = {}): Promise<Buffer[]> {
  const { before = '', after = '', format = 'float', dtype = 'float' } = answer;
  const bytesPerRow = (rows[0]?.length ?? 0) * bytesPerNumber(format) + 8;
  const writer = new ByteWriter(rows.length * bytesPerRow + 3 * (before.length + after.length) + 2);
  writer.text(`${before}[`);
  let written = 0;
  for (const [i, row] of rows.entries()) {
    if (i > 0) writer.text(',');
    writeRow(writer, row, format, dtype);
    written += row.length;
    if (written > NUMBERS_PER_SLICE[format]) {
      written = 0;
      await setImmediate();
    }
  }
  writer.text(`]${after}`);
  return writer.finish();
}

/** Writes a row, finite and of a few thousand numbers at most, as an array between two pieces of JSON. */
export function encodeRow(row: Float32Array, before = '', after = ''): Buffer[] {
  const writer = new ByteWriter(row.length * MAX_BYTES_PER_FLOAT + 3 * (before.length + after.length) + 2);
  writer.text(before);
  writer.array(row);
  writer.text(after);
  return writer.finish();
}

/** Writes one row, quantized to `dtype`, as an array or as the base64 of its bytes. */
export function writeRow(writer: ByteWriter, row: Float32Array, format: EncodingFormat, dtype: OutputDtype): void {
  const answered = quantizeVector(row, dtype);
  if (format === 'base64') writer.base64(answered);
  else if (answered instanceof Float32Array) writer.array(answered);
  else writer.integers(answered);
}

/** `-0.0000123456789,`; numbers nearer to zero take a little more, and no vector is made of those. */
const USUAL_BYTES_PER_FLOAT = 17;
/** `-128,` */
const BYTES_PER_STEP = 5;

/** Around a row: field names, index, punctuation, what is said of an input that was cut. */
const BYTES_AROUND_ROW = 160;

/** An answer of `rows` of `numbers` components each, in bytes, at most: what there must be room for. */
export function boundOfRows(
  rows: number,
  numbers: number,
  format: EncodingFormat = 'float',
  dtype: OutputDtype = 'float',
): number {
  return rows * boundOfRow(numbers, format, dtype) + (rows + 4) * BYTES_AROUND_ROW;
}

function boundOfRow(numbers: number, format: EncodingFormat, dtype: OutputDtype): number {
  const isBinary = dtype === 'binary' || dtype === 'ubinary';
  const count = isBinary ? Math.ceil(numbers / 8) : numbers;
  if (format === 'base64') return 4 * Math.ceil((dtype === 'float' ? 4 * count : count) / 3) + 2;
  return count * (dtype === 'float' ? USUAL_BYTES_PER_FLOAT : BYTES_PER_STEP) + 2;
}

/** At most: of smaller numbers than float32 there are fewer. */
export function bytesPerNumber(format: EncodingFormat): number {
  return format === 'float' ? MAX_BYTES_PER_FLOAT : 6;
}
