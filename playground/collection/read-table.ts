import Papa from 'papaparse';

/** More is not read: so many vectors a browser holds and searches without anyone waiting. */
export const MOST_ROWS = 20_000;

/** One text a line; comma, tab or semicolon separated; one JSON value a line. */
export type TableFormat = 'txt' | 'csv' | 'jsonl';

export interface Table {
  /** Of the columns; null: the file has none, or its first row are the names, which only a person can tell. */
  names: readonly string[] | null;
  /** At most {@link MOST_ROWS}, and one more if the first may be names. */
  rows: readonly (readonly string[])[];
  /** Whether the file has rows beyond these. */
  hasMore: boolean;
  /** Lines with nothing in them, which are no rows. */
  blankLines: number;
}

/** A file that cannot be read as what its name says; the message says where and why. */
export class UnreadableTableError extends Error {}

/** Reads a text as a table of strings. @throws {UnreadableTableError} */
export function readTable(text: string, format: TableFormat): Table {
  const table = READERS[format](text);
  if (table.rows.length === 0) throw new UnreadableTableError('There are no texts in it.');
  return table;
}

const READERS: Record<TableFormat, (text: string) => Table> = {
  txt: (text) => {
    const { lines, hasMore, blankLines } = readLines(text);
    return { names: ['text'], rows: lines.map(({ line }) => [line]), hasMore, blankLines };
  },
  csv: readSeparated,
  jsonl: readJsonLines,
};

function readSeparated(text: string): Table {
  const rows: string[][] = [];
  let blankLines = 0;
  let hasMore = false;
  // What ends the last row begins no other.
  Papa.parse<string[]>(text.replace(/(\r\n|\n|\r)$/, ''), {
    step: ({ data, errors }, parser) => {
      const wrong = errors.find(({ type }) => type === 'Quotes');
      if (wrong !== undefined) {
        throw new UnreadableTableError(`Row ${rows.length + blankLines + 1}: ${wrong.message}.`);
      }
      if (data.length === 1 && data[0]?.trim() === '') blankLines++;
      else if (rows.length <= MOST_ROWS) rows.push(data);
      else {
        hasMore = true;
        parser.abort();
      }
    },
  });
  return { names: null, rows, hasMore, blankLines };
}

function readJsonLines(text: string): Table {
  const { lines, hasMore, blankLines } = readLines(text);
  const places = new Map<string, number>();
  const rows = lines.map(({ line, number }) => {
    const row: string[] = [];
    for (const [name, value] of Object.entries(readJsonLine(line, number))) {
      let place = places.get(name);
      if (place === undefined) {
        place = places.size;
        places.set(name, place);
      }
      row[place] = asText(value);
    }
    return row;
  });
  const names = [...places.keys()];
  return { names, rows: rows.map((row) => names.map((_, place) => row[place] ?? '')), hasMore, blankLines };
}

function readJsonLine(line: string, number: number): object {
  let value: unknown;
  try {
    value = JSON.parse(line, keepDigits);
  } catch {
    throw new UnreadableTableError(`Line ${number} is not JSON.`);
  }
  if (typeof value === 'string') return { text: value };
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && !exactJson.isRawJSON?.(value)) return value as object;
  throw new UnreadableTableError(`Line ${number} is neither an object nor a string.`);
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}

/** In browsers since 2023 to 2025 (ECMAScript: JSON.parse with source); others round what float64 does not hold. */
const exactJson: { rawJSON?: (text: string) => object; isRawJSON?: (value: unknown) => boolean } = JSON as object;

/** A number as it is written: an id of twenty digits stays that id, also in what is saved. */
function keepDigits(_name: string, value: unknown, context?: { source?: string }): unknown {
  const { source } = context ?? {};
  if (typeof value !== 'number' || source === undefined || source === String(value)) return value;
  return exactJson.rawJSON?.(source) ?? value;
}

function readLines(text: string) {
  const lines: { line: string; number: number }[] = [];
  let blankLines = 0;
  // A carriage return alone ends the lines of old files, and of some programs' exports.
  const ends = /\r\n|\n|\r/g;
  for (let start = 0, number = 1; start < text.length; number++) {
    const end = ends.exec(text);
    const line = text.slice(start, end?.index);
    start = end === null ? text.length : ends.lastIndex;
    if (line.trim() === '') blankLines++;
    else if (lines.length === MOST_ROWS) return { lines, hasMore: true, blankLines };
    else lines.push({ line, number });
  }
  return { lines, hasMore: false, blankLines };
}
