import { StartError } from '../errors.ts';
import type { Input } from './find-inputs.ts';
import type { Progress } from './read-bytes.ts';
import type { Cell, ColumnType, Row, RowsRequest } from './rows.ts';

/** Columns that are read: what a {@link RowsRequest} says of them. */
export type WantedColumns = Pick<RowsRequest, 'textColumns' | 'idColumn' | 'keep'>;

/** A row of one file: its number is not known there. An id that no column has is null. */
export type FileRow = Omit<Row, 'number' | 'idType'>;

/** One file of rows, of which the beginning was read: its columns are there. */
export interface FileRows {
  /** null: not known before all of it was read. */
  count: number | null;
  /** Of the id, where the file says it of the column; else `json`, or `string`. */
  idType: ColumnType;
  /**
   * The rows, some at a time, but for the first ones.
   * @param skip its `left` rows are passed over, and counted down in it: a file may have fewer.
   */
  rows: (skip: { left: number }, progress: Progress) => AsyncGenerator<FileRow[]>;
  /** Of the id (null where there is no such column) and the kept columns. */
  columnTypes: () => Promise<{ id: ColumnType | null; kept: readonly ColumnType[] }>;
}

/**
 * Refuses columns that a file does not have, and names of which it has two: which is meant cannot be told. Two columns of a name that
 * nobody asks for are no matter, as empty ones behind the last comma of a header.
 * @param names those it has; `where`: in which part of it, if not all was looked at.
 * @throws {StartError} that names those it has.
 */
export function checkColumns(
  { name }: Input,
  { textColumns, idColumn, keep }: WantedColumns,
  { names, where = '' }: { names: readonly string[]; where?: string },
): void {
  const wanted = [...textColumns, ...(idColumn === null ? [] : [idColumn]), ...keep];
  const missing = wanted.filter((column) => !names.includes(column));
  const twice = wanted.find((column) => names.indexOf(column) !== names.lastIndexOf(column));
  if (twice !== undefined)
    throw new StartError(`${name} has two columns ${JSON.stringify(twice)}. Rename one of them.`);
  if (missing.length === 0) return;
  const list = (columns: readonly string[]) => columns.map((column) => JSON.stringify(column)).join(', ');
  throw new StartError(
    `${name} has no column ${list(missing)}${where}. It has ${names.length === 0 ? 'none' : list(names)}.`,
  );
}

/** A row of which nothing can be used. */
export function brokenRow(place: string, problem: string, { keep }: WantedColumns): FileRow {
  return { place, id: null, kept: keep.map(() => null), texts: null, problem };
}

/** A row as its cells are; one that has no text where it needs one has a problem instead. */
export function rowOf(options: {
  place: string;
  wanted: WantedColumns;
  /** The cell of a column; undefined: the row has none. */
  cell: (column: string) => Cell | undefined;
}): FileRow {
  const { place, wanted, cell } = options;
  const { textColumns, idColumn, keep } = wanted;
  const id = idColumn === null ? null : (cell(idColumn) ?? null);
  const kept = keep.map((column) => cell(column) ?? null);
  const unusable = (problem: string): FileRow => ({ place, id, kept, texts: null, problem });
  if (idColumn !== null && id === null) return unusable(`it has no ${JSON.stringify(idColumn)}`);
  const texts: string[] = [];
  for (const column of textColumns) {
    const text = cell(column);
    if (typeof text !== 'string') return unusable(notText(column, text));
    texts.push(text);
  }
  return { place, id, kept, texts, problem: null };
}

function notText(column: string, cell: Exclude<Cell, string> | undefined): string {
  const name = JSON.stringify(column);
  if (cell === undefined) return `it has no ${name}`;
  if (cell === null) return `${name} is null`;
  if (cell instanceof Uint8Array) return `${name} is not valid UTF-8`;
  if (Array.isArray(cell)) return `${name} is a list, not a string`;
  return `${name} is ${typeof cell === 'object' ? 'an object' : `a ${typeof cell}`}, not a string`;
}
