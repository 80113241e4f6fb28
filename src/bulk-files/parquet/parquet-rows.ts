import { type FileHandle, open } from 'node:fs/promises';
import { type DecodedArray, type FileMetaData, parquetMetadataAsync, parquetSchema } from 'hyparquet';
import { messageOf, StartError } from '../../errors.ts';
import { fileError } from '../file-error.ts';
import { checkColumns, type FileRow, type FileRows, rowOf, type WantedColumns } from '../file-rows.ts';
import type { Input } from '../find-inputs.ts';
import type { Cell } from '../rows.ts';
import { findColumns, type ParquetColumn } from './parquet-columns.ts';
import { readPages, readView } from './read-pages.ts';

const ROWS_AT_A_TIME = 1_000;
/** The last four bytes of a Parquet file; and of one whose footer is encrypted. */
const MAGIC = 'PAR1';
const ENCRYPTED_MAGIC = 'PARE';
/** Magic, length of the footer, magic. */
const LEAST_BYTES = 12;

/**
 * A Parquet file: its row groups one after the other, of each column a page at a time.
 *
 * @throws {StartError} for a truncated or encrypted file, a column that is not there or twice, and one that cannot be read.
 */
export async function openParquet(input: Input, wanted: WantedColumns): Promise<FileRows> {
  const metadata = await withFile(input, (file) => readMetadata(input, file));
  const schema = parquetSchema(metadata);
  checkColumns(input, wanted, { names: schema.children.map(({ element }) => element.name) });
  const columns = findColumns(input.name, { metadata, schema }, wanted);
  const typeOf = (name: string) => (columns.get(name) as ParquetColumn).type;
  const count = Number(metadata.num_rows);
  return {
    count,
    idType: wanted.idColumn === null ? 'json' : typeOf(wanted.idColumn),
    columnTypes: async () => ({
      id: wanted.idColumn === null ? null : typeOf(wanted.idColumn),
      kept: wanted.keep.map(typeOf),
    }),
    async *rows(skip, progress) {
      const file = await openFile(input);
      try {
        let number = 0;
        for (const group of metadata.row_groups) {
          const rowsOfGroup = Number(group.num_rows);
          if (skip.left >= rowsOfGroup) {
            skip.left -= rowsOfGroup;
            number += rowsOfGroup;
            continue;
          }
          number += skip.left;
          const cells = readCells(file, { group, columns, skip: skip.left });
          skip.left = 0;
          for await (const rows of cells) {
            yield rows.map((row, i): FileRow => {
              const place = `${input.name}, row ${number + i}`;
              return rowOf({ place, wanted, cell: (column) => row.get(column) });
            });
            number += rows.length;
            progress.bytes = Math.round((input.bytes * number) / count);
          }
        }
      } catch (error) {
        throw explain(error, input);
      } finally {
        await file.close();
      }
    },
  };
}

type RowGroup = FileMetaData['row_groups'][number];

/** The rows of a group, some at a time, each by the names of its columns. */
async function* readCells(
  file: FileHandle,
  { group, columns, skip }: { group: RowGroup; columns: ReadonlyMap<string, ParquetColumn>; skip: number },
): AsyncGenerator<Map<string, Cell>[]> {
  const readers = [...columns.values()].map((column) => {
    const chunk = group.columns.find(
      ({ meta_data }) => meta_data?.path_in_schema.length === 1 && meta_data.path_in_schema[0] === column.name,
    )?.meta_data;
    if (chunk === undefined) throw new RangeError(`a row group lacks the column ${JSON.stringify(column.name)}`);
    return { name: column.name, pages: readPages(file, { column, chunk, skip }), page: [] as DecodedArray, at: 0 };
  });
  for (let left = Number(group.num_rows) - skip; left > 0; ) {
    let count = Math.min(left, ROWS_AT_A_TIME);
    for (const reader of readers) {
      while (reader.at === reader.page.length) {
        const { done, value } = await reader.pages.next();
        if (done === true) throw new RangeError(`the column ${JSON.stringify(reader.name)} has too few rows`);
        reader.page = value;
        reader.at = 0;
      }
      count = Math.min(count, reader.page.length - reader.at);
    }
    yield Array.from({ length: count }, (_, i) => {
      return new Map(readers.map(({ name, page, at }) => [name, (page[at + i] ?? null) as Cell]));
    });
    for (const reader of readers) reader.at += count;
    left -= count;
  }
}

async function readMetadata({ name }: Input, file: FileHandle): Promise<FileMetaData> {
  const { size: byteLength } = await file.stat();
  const end =
    byteLength < LEAST_BYTES ? '' : Buffer.from((await readView(file, byteLength - 4, 4)).buffer).toString('latin1');
  if (end === ENCRYPTED_MAGIC) throw new StartError(`${name} is encrypted, which is not read.`);
  if (end !== MAGIC) throw new StartError(`${name} is truncated, or no Parquet file: it does not end in ${MAGIC}.`);
  const slice = async (start: number, stop = byteLength) => (await readView(file, start, stop - start)).buffer;
  const metadata = await parquetMetadataAsync({ byteLength, slice }, { geoparquet: false });
  for (const { columns } of metadata.row_groups) {
    for (const { meta_data } of columns) {
      if (meta_data === undefined) throw new StartError(`${name} has an encrypted column, which is not read.`);
      if (Number(meta_data.data_page_offset) + LEAST_BYTES > byteLength)
        throw new RangeError('a column is behind its end');
    }
  }
  return metadata;
}

async function openFile({ path, name }: Input): Promise<FileHandle> {
  return open(path, 'r').catch((error) => {
    throw fileError(error, name, 'read');
  });
}

async function withFile<Result>(input: Input, use: (file: FileHandle) => Promise<Result>): Promise<Result> {
  const file = await openFile(input);
  try {
    return await use(file);
  } catch (error) {
    throw explain(error, input);
  } finally {
    await file.close();
  }
}

/** What the reader throws at a damaged file are errors of many kinds; a name of a file is in none. */
function explain(error: unknown, { name }: Input): unknown {
  const explained = fileError(error, name, 'read');
  if (explained !== error || error instanceof StartError || !(error instanceof Error)) return explained;
  return new StartError(`${name} is damaged: ${messageOf(error).replace(/\s+/g, ' ')}.`);
}
