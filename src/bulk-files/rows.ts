import type { SchemaElement } from 'hyparquet';

/** Formats of inputs. */
export const rowFormats = ['txt', 'jsonl', 'csv', 'tsv', 'parquet'] as const;
export type RowFormat = (typeof rowFormats)[number];

/**
 * A cell that is kept beside the result, as the reader found it. A cell of a Parquet column is the value that the file
 * stores (a timestamp is its 64-bit number): what it means is in the {@link ColumnType} of its column.
 */
export type Cell =
  | string
  | number
  | bigint
  | boolean
  | Date
  | null
  | Uint8Array
  | readonly Cell[]
  | { readonly [name: string]: Cell };

/**
 * What the cells of a column are. `json`: of several kinds, or nested. An object: an element of a Parquet schema, as the
 * input's footer has it.
 */
export type ColumnType = 'string' | 'int64' | 'double' | 'boolean' | 'json' | StoredType;

/** A Parquet column that is no list and no group, in the words of parquet.thrift. */
export type StoredType = Required<Pick<SchemaElement, 'type'>> &
  Pick<SchemaElement, 'type_length' | 'converted_type' | 'scale' | 'precision' | 'logical_type'>;

export interface RowsRequest {
  /** Paths of files and folders, globs, or `-` for standard input, in the order in which they are read. */
  inputs: readonly string[];
  /** Format of standard input, or of all inputs where it is said; else by the file's extension. */
  inputFormat?: RowFormat | undefined;
  /** Columns of the texts that a row needs: `['text']`, or `['query', 'document']`. */
  textColumns: readonly string[];
  /** null: none; a row's id is then its number, from 0, over all inputs. */
  idColumn: string | null;
  /** Other columns that are kept in the output. */
  keep: readonly string[];
  /** Where standard input was spooled: a file that is read in the place of `-`. */
  spooledInput?: string | undefined;
}

/** A file that rows are read from. */
export interface InputFile {
  path: string;
  /** As they are on the disk: compressed, where the file is. */
  bytes: number;
  modifiedMs: number;
}

export interface RowSource {
  /** What a continued run must find unchanged. */
  readonly files: readonly InputFile[];
  /** Rows of all inputs if that is known without reading them (Parquet), else null. */
  readonly count: number | null;
  /** Of all files together, as they are on the disk. */
  readonly bytes: number;
  /**
   * The rows in input order, from row `from` on (skipping fast where the format can). Memory does not grow with the input.
   * @throws {StartError} where an input cannot be read on: a line that names the file and the place.
   */
  rows: (from: number) => AsyncGenerator<Row>;
  /** Bytes of the files that the newest call of `rows` has read so far, or passed over; for progress. */
  bytesRead: () => number;
  /** The types of the id and of the kept columns, for a writer that stores them. Reads JSON inputs through once. */
  columnTypes: () => Promise<{ id: ColumnType; kept: readonly ColumnType[] }>;
}

export interface Row {
  /** Over all inputs, from 0. */
  number: number;
  /** For people: `corpus.csv, line 7`. */
  place: string;
  id: Cell;
  /** What the id is, as far as it is known before all is read. */
  idType: ColumnType;
  /** One for each of `keep`. */
  kept: readonly Cell[];
  /** One for each of `textColumns`; null where the row cannot be used: `problem` says why (no such field, not a string, broken JSON line). */
  texts: readonly string[] | null;
  problem: string | null;
}

export const outputFormats = ['parquet', 'npy', 'jsonl', 'safetensors'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** A row of the output: a vector of the dtype that the writer was told, or a score. */
export interface ResultRow {
  id: Cell;
  kept: readonly Cell[];
  value: Float32Array | Int8Array | Uint8Array | number;
}

/** What each row's result is. */
export type ResultValue =
  | { name: 'embedding'; dimensions: number; dtype: 'float' | 'int8' | 'uint8' | 'binary' | 'ubinary' }
  | { name: 'score' };

export interface ResultWriterOptions {
  /** Path of the file; it must not be a folder. A file that is there is replaced when the new one is whole. */
  output: string;
  format: OutputFormat;
  id: { name: string; type: ColumnType };
  kept: readonly { name: string; type: ColumnType }[];
  value: ResultValue;
  /** How many rows will be written. */
  count: number;
  /** Model, fingerprint, prompt and the like; written where the format can hold it. */
  metadata: Readonly<Record<string, string>>;
}

export interface ResultWriter {
  /** Appends rows, in the order of the file. Rows that failed are left out by the caller. */
  write: (rows: readonly ResultRow[]) => Promise<void>;
  /**
   * Writes what ends the file, syncs it, and gives it its name. Until then nothing has that name.
   * @throws {StartError} for a full disk and the like: one line that names the file.
   */
  finish: () => Promise<void>;
  /** Removes what was written. */
  abandon: () => Promise<void>;
}
