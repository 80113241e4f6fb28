import { isUtf8 } from 'node:buffer';
import { pipeline, Readable } from 'node:stream';
import { StartError } from '../errors.ts';
import { brokenRow, checkColumns, type FileRow, type FileRows, rowOf, type WantedColumns } from './file-rows.ts';
import type { Input } from './find-inputs.ts';
import { type Progress, readBytes } from './read-bytes.ts';

const DELIMITERS: Readonly<Record<string, string>> = { csv: ',', tsv: '\t' };
/** A longer record is a quote that was never closed. */
const MAX_RECORD_BYTES = 64 << 20;
const ROWS_AT_A_TIME = 1_000;
const NOT_ASCII = /[\x80-\xff]/;

interface CsvRecord {
  /** On which it begins. */
  line: number;
  /** Of latin1 characters. */
  fields: readonly string[];
}

/**
 * A `.csv` or `.tsv` file (RFC 4180, with commas or tabs): its first record names the columns. Cells are strings, an empty
 * one is an empty string. Empty lines are passed over and are no rows.
 *
 * @throws {StartError} for a file that cannot be read or is no text, and for a column that is not in its header, or twice.
 */
export async function openCsv(input: Input, wanted: WantedColumns): Promise<FileRows> {
  const header = await readHeader(input);
  checkColumns(input, wanted, { names: header });
  const index = new Map(header.map((name, i) => [name, i]));
  const expected = header.length;
  return {
    count: null,
    idType: 'string',
    columnTypes: async () => ({
      id: wanted.idColumn === null ? null : 'string',
      kept: wanted.keep.map(() => 'string'),
    }),
    async *rows(skip, progress) {
      let isHeader = true;
      let rows: FileRow[] = [];
      for await (const record of readRecords(input, progress)) {
        if (isHeader) {
          isHeader = false;
          continue;
        }
        if (skip.left > 0) {
          skip.left -= 1;
          continue;
        }
        rows.push(rowOfRecord(record, { input, wanted, index, expected }));
        if (rows.length === ROWS_AT_A_TIME) {
          yield rows;
          rows = [];
        }
      }
      if (rows.length > 0) yield rows;
    },
  };
}

function rowOfRecord(
  { line, fields }: CsvRecord,
  {
    input,
    wanted,
    index,
    expected,
  }: { input: Input; wanted: WantedColumns; index: ReadonlyMap<string, number>; expected: number },
): FileRow {
  const place = `${input.name}, line ${line}`;
  if (fields.length !== expected) {
    return brokenRow(place, `it has ${fields.length} fields, and the header has ${expected}`, wanted);
  }
  // As bytes where it is no UTF-8: then its row has a problem, and no other has.
  const cell = (column: string) => decode(fields[index.get(column) as number] as string);
  const row = rowOf({ place, wanted, cell });
  const broken = [row.id, ...row.kept].findIndex((value) => value instanceof Uint8Array);
  if (broken < 0) return row;
  const column = [wanted.idColumn, ...wanted.keep][broken];
  return brokenRow(place, `${JSON.stringify(column)} is not valid UTF-8`, wanted);
}

/** The text that the bytes of a latin1 string are in UTF-8; the bytes, where they are none. */
function decode(latin1: string): string | Uint8Array {
  if (!NOT_ASCII.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : bytes;
}

async function readHeader(input: Input): Promise<string[]> {
  for await (const { line, fields } of readRecords(input, { bytes: 0 })) {
    const names = fields.map(decode);
    if (names.some((name) => typeof name !== 'string')) {
      throw new StartError(`${input.name}, line ${line}: the names of the columns are not valid UTF-8.`);
    }
    return names as string[];
  }
  throw new StartError(`${input.name} is empty: its first line must name the columns.`);
}

/**
 * All records in order, the header, too. Fields are read as latin1, a byte a character, so that one that is no UTF-8 is
 * found in its row. A quote within a field that does not begin with one is a character like others.
 *
 * @throws {StartError} for a quote that is never closed: what is behind it cannot be told.
 */
async function* readRecords(input: Input, progress: Progress): AsyncGenerator<CsvRecord> {
  const { parse } = await import('csv-parse');
  const parser = parse({
    delimiter: DELIMITERS[input.format] as string,
    encoding: 'latin1',
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  // What ends one of them ends the other; the loop throws what it was.
  pipeline(Readable.from(readBytes(input, progress)), parser, () => {});
  let filled = 1;
  let empty = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { empty_lines: number } }>) {
      empty = info.empty_lines;
      yield { line: filled + empty, fields: record };
      filled += 1 + lineFeedsIn(record);
    }
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== 'CSV_QUOTE_NOT_CLOSED' && code !== 'CSV_MAX_RECORD_SIZE') throw error;
    const end = code === 'CSV_QUOTE_NOT_CLOSED' ? 'the file' : `${MAX_RECORD_BYTES >> 20} MiB`;
    throw new StartError(
      `${input.name}, line ${filled + empty}: a field begins with a quote that is not closed up to the end of ${end}.`,
    );
  }
}

function lineFeedsIn(fields: readonly string[]): number {
  let count = 0;
  for (const field of fields) {
    for (let at = field.indexOf('\n'); at >= 0; at = field.indexOf('\n', at + 1)) count += 1;
  }
  return count;
}
