import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import { StartError } from '../../errors.ts';
import type { WantedColumns } from '../file-rows.ts';
import type { ColumnType, StoredType } from '../rows.ts';

/** Compressions that Parquet files may have inside. Of those of the format, LZO alone is not read. */
const CODECS: ReadonlySet<string> = new Set(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4', 'LZ4_RAW']);
/** Annotations of byte arrays that are text in UTF-8. */
const TEXT_ANNOTATIONS: ReadonlySet<string | undefined> = new Set(['UTF8', 'STRING', 'ENUM', 'JSON']);

/** A column of a Parquet file that is no list and no group. */
export interface ParquetColumn {
  name: string;
  type: ColumnType;
  /** From the root of the schema to the column. */
  path: SchemaTree[];
}

/**
 * Finds the columns that are wanted, by their names, and checks that all of the file can be read.
 *
 * @param file its name, for messages.
 * @throws {StartError} for a list or a group, a text column that is no text, and a compression that is not read.
 */
export function findColumns(
  file: string,
  { metadata, schema }: { metadata: FileMetaData; schema: SchemaTree },
  { textColumns, idColumn, keep }: WantedColumns,
): Map<string, ParquetColumn> {
  const columns = new Map<string, ParquetColumn>();
  for (const name of [...textColumns, ...(idColumn === null ? [] : [idColumn]), ...keep]) {
    const tree = schema.children.find(({ element }) => element.name === name) as SchemaTree;
    const quoted = JSON.stringify(name);
    if (tree.children.length > 0 || tree.element.repetition_type === 'REPEATED') {
      throw new StartError(`Column ${quoted} of ${file} is a list or a group, which is not read.`);
    }
    const type = typeOf(tree.element);
    if (textColumns.includes(name) && !isText(tree.element)) {
      throw new StartError(`Column ${quoted} of ${file} is no text, but ${describe(tree.element)}.`);
    }
    columns.set(name, { name, type: textColumns.includes(name) ? 'string' : type, path: [schema, tree] });
  }
  for (const { columns: chunks } of metadata.row_groups) {
    for (const { meta_data } of chunks) {
      const isWanted = meta_data?.path_in_schema.length === 1 && columns.has(meta_data.path_in_schema[0] as string);
      if (isWanted && !CODECS.has(meta_data.codec)) {
        throw new StartError(
          `${file} is compressed by ${meta_data.codec}, which is not read. Write it with another compression.`,
        );
      }
    }
  }
  return columns;
}

function annotationOf({ converted_type, logical_type }: SchemaElement): string | undefined {
  return converted_type ?? logical_type?.type;
}

function isText(element: SchemaElement): boolean {
  // Without an annotation: older Spark and Impala write strings so.
  const annotation = annotationOf(element);
  return element.type === 'BYTE_ARRAY' && (annotation === undefined || TEXT_ANNOTATIONS.has(annotation));
}

function describe(element: SchemaElement): string {
  const annotation = annotationOf(element);
  return annotation === undefined ? String(element.type) : `${element.type} (${annotation})`;
}

function typeOf(element: SchemaElement): ColumnType {
  const annotation = annotationOf(element);
  if (element.type === 'BYTE_ARRAY' && (annotation === 'UTF8' || annotation === 'STRING' || annotation === 'ENUM'))
    return 'string';
  if (annotation === undefined) {
    if (element.type === 'INT64') return 'int64';
    if (element.type === 'DOUBLE') return 'double';
    if (element.type === 'BOOLEAN') return 'boolean';
    // The form in which Spark and Impala stored times; nobody writes it any more. Spark means microseconds by it.
    if (element.type === 'INT96') {
      return { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' } };
    }
  }
  const { type, type_length, converted_type, scale, precision, logical_type } = element;
  const fields = Object.entries({ type_length, converted_type, scale, precision, logical_type });
  return { type, ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)) } as StoredType;
}
