import { StartError } from '../errors.ts';
import { mergeTypes } from './column-types.ts';
import { openCsv } from './csv-rows.ts';
import type { FileRows, WantedColumns } from './file-rows.ts';
import { findInputs, type Input } from './find-inputs.ts';
import { openJsonLines } from './json-rows.ts';
import { openLines } from './line-rows.ts';
import type { ColumnType, Row, RowFormat, RowSource, RowsRequest } from './rows.ts';

const OPEN: Readonly<Record<RowFormat, (input: Input, wanted: WantedColumns) => Promise<FileRows>>> = {
  txt: openLines,
  jsonl: openJsonLines,
  csv: openCsv,
  tsv: openCsv,
  parquet: async (input, wanted) => (await import('./parquet/parquet-rows.ts')).openParquet(input, wanted),
};

/**
 * Opens files of rows, one behind the other. Of each the beginning (of Parquet the end) is looked at.
 *
 * @throws {StartError} for what can be known before rows are read: no such file, a glob that matches nothing, a format
 * that is not read, a column that is not there, a truncated Parquet file.
 */
export async function openRows(request: RowsRequest): Promise<RowSource> {
  const inputs = await findInputs(request);
  const opened: { input: Input; file: FileRows }[] = [];
  for (const input of inputs) opened.push({ input, file: await OPEN[input.format](input, request) });
  const counts = opened.map(({ file }) => file.count);
  let progress = { before: 0, current: { bytes: 0 } };
  return {
    files: inputs.map(({ path, bytes, modifiedMs }) => ({ path, bytes, modifiedMs })),
    count: counts.reduce((sum, count) => (sum === null || count === null ? null : sum + count), 0),
    bytes: inputs.reduce((sum, { bytes }) => sum + bytes, 0),
    bytesRead: () => progress.before + progress.current.bytes,
    columnTypes: () => typesOf(opened, request),
    async *rows(from) {
      const read = { before: 0, current: { bytes: 0 } };
      progress = read;
      const skip = { left: from };
      let number = from;
      for (const { input, file } of opened) {
        if (file.count !== null && skip.left >= file.count) skip.left -= file.count;
        else {
          for await (const rows of file.rows(skip, read.current)) {
            for (const { place, id: own, kept, texts, problem } of rows) {
              const id = request.idColumn === null ? number : own;
              const idType = request.idColumn === null ? 'int64' : file.idType;
              yield { number, place, id, idType, kept, texts, problem } satisfies Row;
              number += 1;
            }
          }
        }
        read.before += input.bytes;
        read.current.bytes = 0;
      }
    },
  };
}

async function typesOf(opened: readonly { input: Input; file: FileRows }[], { idColumn, keep }: RowsRequest) {
  // A row's number, where no column has the ids.
  let id: ColumnType | null = idColumn === null ? 'int64' : null;
  const kept: (ColumnType | null)[] = keep.map(() => null);
  const merge = (
    known: ColumnType | null,
    type: ColumnType | null,
    column: string,
    file: string,
  ): ColumnType | null => {
    const merged = mergeTypes(known, type);
    if (merged !== undefined) return merged;
    throw new StartError(`Column ${JSON.stringify(column)} has another type in ${file} than in the inputs before it.`);
  };
  for (const { input, file } of opened) {
    const types = await file.columnTypes();
    if (idColumn !== null) id = merge(id, types.id, idColumn, input.name);
    for (const [i, column] of keep.entries())
      kept[i] = merge(kept[i] ?? null, types.kept[i] ?? null, column, input.name);
  }
  return { id: id ?? 'string', kept: kept.map((type) => type ?? 'string') };
}
