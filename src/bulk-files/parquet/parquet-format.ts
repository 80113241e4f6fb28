import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import { packageVersion } from '../../package-info.ts';
import type { Appender, ResultFormat } from '../result-file.ts';
import type { Cell, ResultRow, ResultWriterOptions } from '../rows.ts';
import { type ArrowField, arrowTypeOf, encodeArrowSchema } from './arrow-schema.ts';
import { type OutputColumn, outputColumn } from './output-columns.ts';
import { VectorChunk, type VectorKind, vectorField, vectorSchema } from './vector-chunk.ts';

/** A row group ends at the first of them: readers take a group at a time, and it is in memory until then. */
const GROUP_ROWS = 1 << 16;
const GROUP_BYTES = 64 << 20;

/**
 * Writes a Parquet file: ids and kept columns by their types, and the vectors as lists of a fixed size, which is how
 * pyarrow, pandas and polars read them.
 */
export function parquetFormat(out: Appender, options: ResultWriterOptions): ResultFormat {
  const { value, metadata } = options;
  const vector = value.name === 'embedding' ? vectorKindOf(value) : null;
  const columns = [
    outputColumn(options.id.name, options.id.type, false),
    ...options.kept.map(({ name, type }) => outputColumn(name, type, true)),
    ...(vector === null ? [outputColumn(value.name, 'double', false)] : []),
  ];
  const vectorElements = vector === null ? [] : vectorSchema(vector);
  const root = { name: 'schema', num_children: columns.length + (vector === null ? 0 : 1) };
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [root, ...columns.map(({ physical }) => physical), ...vectorElements],
    createdBy: `hotvec version ${packageVersion}`,
    kvMetadata: Object.entries({ ...metadata, 'ARROW:schema': arrowSchemaOf(columns, vector, metadata) }).map(
      ([key, text]) => ({
        key,
        value: text,
      }),
    ),
  });
  const drain = async () => {
    await out.append(bytes.getBytes());
    bytes.index = 0;
  };

  let cells: Cell[][] = columns.map(() => []);
  let chunk: VectorChunk | null = null;
  let groupBytes = 0;

  const endGroup = async () => {
    writer.write({ columnData: columns.map((column, i) => columnData(column, cells[i]!)), rowGroupSize: GROUP_ROWS });
    await drain();
    if (chunk !== null) {
      // Behind the other columns, as in the schema: Spark takes the place of the first column for that of the group
      // (findings/spark-drops-the-last-row-group.sh).
      const vectors = chunk.finish(bytes.offset);
      for (const page of vectors.pages) {
        bytes.appendBytes(page);
        await drain();
      }
      const group = writer.row_groups.at(-1)!;
      const size = vectors.chunk.meta_data!.total_compressed_size;
      group.columns.push(vectors.chunk);
      group.total_byte_size += size;
      group.total_compressed_size = (group.total_compressed_size ?? 0n) + size;
    }
    cells = columns.map(() => []);
    chunk = null;
    groupBytes = 0;
  };

  return {
    async write(rows) {
      for (const row of rows) {
        const stored = [row.id, ...row.kept, ...(vector === null ? [row.value as number] : [])];
        for (const [i, column] of columns.entries()) {
          const cell = column.valueOf(stored[i]!);
          cells[i]!.push(cell);
          groupBytes += sizeOf(cell);
        }
        if (vector !== null) {
          chunk ??= new VectorChunk(vector);
          const values = row.value as Exclude<ResultRow['value'], number>;
          groupBytes += values.byteLength;
          chunk.add(values);
        }
        if (cells[0]!.length === GROUP_ROWS || groupBytes >= GROUP_BYTES) await endGroup();
      }
    },
    async end() {
      if (cells[0]!.length > 0) await endGroup();
      writer.schema = [root, ...columns.map(({ annotated }) => annotated), ...vectorElements];
      writer.finish();
      await drain();
    },
  };
}

function vectorKindOf({
  name,
  dimensions,
  dtype,
}: Extract<ResultWriterOptions['value'], { dimensions: number }>): VectorKind {
  switch (dtype) {
    case 'float':
      return { name, length: dimensions, element: 'float32' };
    case 'int8':
    case 'uint8':
      return { name, length: dimensions, element: dtype };
    case 'binary':
      return { name, length: dimensions / 8, element: 'int8' };
    case 'ubinary':
      return { name, length: dimensions / 8, element: 'uint8' };
  }
}

function arrowSchemaOf(
  columns: readonly OutputColumn[],
  vector: VectorKind | null,
  metadata: Readonly<Record<string, string>>,
): string {
  const fields = columns.map(
    ({ name, stored, annotated }): ArrowField => ({
      name,
      isNullable: annotated.repetition_type === 'OPTIONAL',
      type: arrowTypeOf(stored),
    }),
  );
  return encodeArrowSchema(vector === null ? fields : [...fields, vectorField(vector)], metadata);
}

function columnData({ name, stored, physical }: OutputColumn, data: Cell[]): ColumnSource {
  // Of values with an order of their own, and of bytes, the least and the greatest would be wrong.
  const statistics =
    stored.logical_type === undefined && stored.converted_type === undefined && stored.type !== 'BYTE_ARRAY';
  // A dictionary takes -0 for 0 (findings/a-dictionary-drops-the-sign-of-zero.sh).
  const isFloating = stored.type === 'DOUBLE' || stored.type === 'FLOAT';
  return {
    name,
    data,
    statistics: physical.converted_type === 'UTF8' || (statistics && stored.type !== 'FIXED_LEN_BYTE_ARRAY'),
    ...(isFloating && { encoding: 'PLAIN' as const }),
  };
}

/** About so many bytes in memory. */
function sizeOf(cell: Cell): number {
  if (typeof cell === 'string') return cell.length;
  return cell instanceof Uint8Array ? cell.length : 8;
}
