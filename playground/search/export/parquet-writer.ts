import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { addedNames, type ExportColumns, type ExportedRows } from './export-rows.ts';

export interface ParquetRows {
  /** Appends rows as a row group, and returns the bytes that are new. */
  write: (rows: ExportedRows) => Uint8Array<ArrayBuffer>;
  /** The bytes that end the file. */
  finish: () => Uint8Array<ArrayBuffer>;
}

/** A Parquet file of strings and a list of float32, with model and fingerprint in its metadata. */
export function parquetRows(columns: ExportColumns): ParquetRows {
  const names = addedNames(columns);
  const bytes = new ByteWriter();
  const takeBytes = () => {
    const taken = bytes.getBytes().slice();
    bytes.index = 0;
    return taken;
  };
  const strings = [columns.text, ...columns.others, ...(columns.hasFailed ? [names.error] : [])];
  const schema: SchemaElement[] = [
    { name: 'root', num_children: strings.length + 1 },
    ...strings.map(
      (name): SchemaElement => ({
        name,
        type: 'BYTE_ARRAY',
        converted_type: 'UTF8',
        logical_type: { type: 'STRING' },
        repetition_type: name === names.error ? 'OPTIONAL' : 'REQUIRED',
      }),
    ),
    {
      name: names.embedding,
      converted_type: 'LIST',
      logical_type: { type: 'LIST' },
      repetition_type: 'OPTIONAL',
      num_children: 1,
    },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ];
  const { model, fingerprint, dimensions } = columns;
  const kvMetadata = Object.entries({ model, fingerprint }).map(([key, value]) => ({ key, value }));
  const file = new ParquetWriter({ writer: bytes, schema, kvMetadata, createdBy: 'hotvec playground' });
  return {
    write: ({ texts, others, vectors, failed }) => {
      const reasons = new Map(failed);
      const lists = texts.map((_, row) =>
        reasons.has(row) ? null : Array.from(vectors.subarray(row * dimensions, (row + 1) * dimensions)),
      );
      const errors = texts.map((_, row) => reasons.get(row) ?? null);
      const cells = [texts, ...others, ...(columns.hasFailed ? [errors] : [])];
      const embeddings = {
        name: names.embedding,
        data: lists,
        encoding: 'PLAIN',
        codec: 'UNCOMPRESSED',
        statistics: false,
      } as const;
      file.write({
        columnData: [...strings.map((name, place) => ({ name, data: [...(cells[place] ?? [])] })), embeddings],
        rowGroupSize: texts.length,
      });
      return takeBytes();
    },
    finish: () => {
      file.finish();
      return takeBytes();
    },
  };
}
