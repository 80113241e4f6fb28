import { setImmediate } from 'node:timers/promises';
import { ByteWriter } from './byte-writer.ts';
import { MAX_BYTES_PER_FLOAT } from './float-writer.ts';
import { type OutputDtype, quantizeVector } from './output-dtype.ts';

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

/** At most: of smaller numbers than float32 there are fewer. */
export function bytesPerNumber(format: EncodingFormat): number {
  return format === 'float' ? MAX_BYTES_PER_FLOAT : 6;
}
