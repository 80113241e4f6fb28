import { readTable, type Table, type TableFormat, UnreadableTableError } from './read-table.ts';
import { type ColumnChoice, columnNames, likelyTextColumn, textRows } from './table-columns.ts';

/** First what is to be read, then, once a person has chosen, what of it is wanted. */
export type ToTableWorker = { read: File | string; format: TableFormat } | { take: ColumnChoice };

/** Rows come in parts, so that no message takes the page long. */
export type FromTableWorker =
  | { kind: 'read'; beginning: TableBeginning }
  | { kind: 'part'; texts: string[]; columns: string[][] }
  | { kind: 'end'; textName: string; columnNames: string[]; hasMore: boolean }
  | { kind: 'unreadable'; why: string };

/** What a person needs for the choice. */
export interface TableBeginning {
  names: readonly string[] | null;
  rows: readonly (readonly string[])[];
  /** Rows in all, a first row of names among them. */
  count: number;
  hasMore: boolean;
  blankLines: number;
  likelyTextColumn: number;
}

/** A longer string cannot be made everywhere. */
const MOST_BYTES = 256 * 2 ** 20;
const ROWS_SHOWN = 6;
/** Of a cell: to lay out a megabyte of text takes the page too long. */
const CHARACTERS_SHOWN = 300;
const ROWS_WEIGHED = 200;
const ROWS_A_PART = 1000;

let table: Table;

addEventListener('message', async ({ data }: MessageEvent<ToTableWorker>) => {
  try {
    if ('take' in data) take(data.take);
    else await read(data.read, data.format);
  } catch (error) {
    // Nobody hears what an asynchronous listener throws: also what is no fault of the file is said.
    say({ kind: 'unreadable', why: error instanceof Error ? error.message : String(error) });
  }
});

async function read(source: File | string, format: TableFormat): Promise<void> {
  table = readTable(typeof source === 'string' ? source : await readFile(source), format);
  const { names, rows, hasMore, blankLines } = table;
  const beginning = {
    names,
    rows: rows.slice(0, ROWS_SHOWN).map((row) => row.map((cell) => cell.slice(0, CHARACTERS_SHOWN))),
    count: rows.length,
    hasMore,
    blankLines,
    likelyTextColumn: likelyTextColumn(rows.slice(0, ROWS_WEIGHED)),
  };
  say({ kind: 'read', beginning });
}

async function readFile(file: File): Promise<string> {
  if (file.size > MOST_BYTES) {
    throw new UnreadableTableError(
      `It has ${Math.ceil(file.size / 2 ** 20)} MiB; up to ${MOST_BYTES / 2 ** 20} MiB are read here.`,
    );
  }
  const bytes = await file.arrayBuffer().catch(() => {
    throw new UnreadableTableError('The browser could not read it; it may have been moved or changed.');
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableTableError('It is not in UTF-8. Save it with that encoding, and open it again.');
  }
}

function take({ firstRowNames, textColumn }: ColumnChoice): void {
  const names = columnNames(table, firstRowNames);
  const { rows, hasMore } = textRows(table, firstRowNames);
  const others = names.map((_, place) => place).filter((place) => place !== textColumn);
  for (let first = 0; first < rows.length; first += ROWS_A_PART) {
    const part = rows.slice(first, first + ROWS_A_PART);
    const cells = (place: number) => part.map((row) => row[place] ?? '');
    say({ kind: 'part', texts: cells(textColumn), columns: others.map(cells) });
  }
  const columnNamesTaken = others.map((place) => names[place] as string);
  say({ kind: 'end', textName: names[textColumn] as string, columnNames: columnNamesTaken, hasMore });
}

function say(message: FromTableWorker): void {
  postMessage(message);
}
