import type { ResultRow, ResultWriter, Row, RowSource } from '../bulk-files/rows.ts';
import { StartError } from '../errors.ts';
import type { RowRange } from './shard.ts';
import { DIGEST_BYTES, digestOf, NO_DIGEST } from './text-digest.ts';
import type { ValueRecord } from './value-record.ts';
import type { WorkFolder } from './work-folder.ts';

/** Rows that are handed to the writer at a time. */
const ROWS_PER_WRITE = 1_024;

export interface AssembleOptions {
  rows: RowSource;
  range: RowRange;
  record: ValueRecord;
  work: WorkFolder;
  writer: ResultWriter;
  signal: AbortSignal;
  onWritten: (rows: number) => void;
}

/**
 * Writes the output out of what was computed, and of ids and kept cells, which are read once more: nothing but input and
 * results is in it, so it is the same however often the run was interrupted.
 *
 * @throws {StartError} a row of the input has another text than its result; what is stored is damaged. The writer is not finished.
 */
export async function assemble({
  rows,
  range,
  record,
  work,
  writer,
  signal,
  onWritten,
}: AssembleOptions): Promise<void> {
  const read = rows.rows(range.first);
  let written = 0;
  try {
    for (let index = 0; index < work.windows; index++) {
      const window = await work.readWindow(index);
      let batch: ResultRow[] = [];
      for (let i = 0; i < window.rows; i++) {
        const row = await nextRow(read);
        const digest = window.digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES);
        if (!digest.equals(NO_DIGEST)) {
          if (row.texts === null || !digestOf(row.texts).equals(digest)) throw changed(row.place);
          const value = record.read(window.values.subarray(i * record.bytes, (i + 1) * record.bytes));
          batch.push({ id: row.id, kept: row.kept, value });
        }
        if (batch.length < ROWS_PER_WRITE && i < window.rows - 1) continue;
        signal.throwIfAborted();
        await writer.write(batch);
        batch = [];
      }
      written += window.rows;
      onWritten(written);
    }
    if (written < range.count && (await read.next()).done !== true) throw changed('behind the last row');
  } finally {
    await read.return(undefined);
  }
}

async function nextRow(rows: AsyncIterator<Row>): Promise<Row> {
  const next = await rows.next();
  if (next.done === true) throw changed('at the end');
  return next.value;
}

function changed(place: string): StartError {
  return new StartError(`The input has changed since its texts were computed (${place}). Begin anew with --overwrite.`);
}
