import type { Row } from '../bulk-files/rows.ts';
import type { Item } from './result-source.ts';
import { DIGEST_BYTES, digestOf, NO_DIGEST } from './text-digest.ts';

/** Rows that are sorted by length together, and written together. */
export interface RowWindow {
  /** Place of the first among the rows of the run. */
  first: number;
  rows: readonly Row[];
  /** Of each row's texts; `NO_DIGEST` of one that cannot be used. */
  digests: Buffer;
  /** UTF-8 bytes of each row's texts: what their length is judged by, in any script. */
  bytes: readonly number[];
  /** Bytes of the inputs that were read when the last row was. */
  bytesRead: number;
}

export interface WindowLimits {
  rows: number;
  /** UTF-8 bytes of texts. */
  bytes: number;
}

export interface WindowsOptions {
  rows: AsyncIterator<Row>;
  first: number;
  /** Most rows of all windows. */
  count: number;
  /** Asked before each window. */
  limits: () => WindowLimits;
  bytesRead: () => number;
}

/** Cuts rows into windows; a row that alone is beyond the limits is one. */
export async function* readWindows(options: WindowsOptions): AsyncGenerator<RowWindow> {
  const { rows: source, limits, bytesRead } = options;
  let { first } = options;
  let left = options.count;
  for (let isOver = false; !isOver && left > 0; ) {
    const limit = limits();
    const rows: Row[] = [];
    const digests: Buffer[] = [];
    const bytes: number[] = [];
    for (let total = 0; rows.length < Math.min(limit.rows, left) && total < limit.bytes; ) {
      const next = await source.next();
      if (next.done === true) {
        isOver = true;
        break;
      }
      const row = next.value;
      const length = row.texts === null ? 0 : bytesOf(row.texts);
      rows.push(row);
      digests.push(row.texts === null ? NO_DIGEST : digestOf(row.texts));
      bytes.push(length);
      total += length;
    }
    if (rows.length === 0) return;
    yield {
      first,
      rows,
      digests: Buffer.concat(digests, rows.length * DIGEST_BYTES),
      bytes,
      bytesRead: bytesRead(),
    };
    first += rows.length;
    left -= rows.length;
  }
}

function bytesOf(texts: Item): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
