import type { ConvertedType, SchemaElement } from 'hyparquet';
import { cellJson } from '../cell-json.ts';
import type { Cell, ColumnType, StoredType } from '../rows.ts';

const STORED: Readonly<Record<Exclude<ColumnType, StoredType>, StoredType>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  int64: { type: 'INT64' },
  double: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  // As text: readers make of Parquet's own JSON type now a string, now an object.
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
};

/** A column of ids or of kept cells in an output file. */
export interface OutputColumn {
  name: string;
  stored: StoredType;
  /** As the file's schema has it. */
  annotated: SchemaElement;
  /** As the encoder is told: without annotations, so that it takes values as they are stored. */
  physical: SchemaElement;
  /** The stored value of a cell; null for null. */
  valueOf: (cell: Cell) => Cell;
}

export function outputColumn(name: string, type: ColumnType, isNullable: boolean): OutputColumn {
  const stored = typeof type === 'object' ? type : STORED[type];
  const repetition_type = isNullable ? 'OPTIONAL' : 'REQUIRED';
  const isString = type === 'string' || type === 'json';
  return {
    name,
    stored,
    annotated: { name, repetition_type, ...withoutIntegerType(stored) },
    physical: {
      name,
      repetition_type,
      type: stored.type,
      ...(isString && { converted_type: 'UTF8' as const }),
      ...(stored.type_length !== undefined && { type_length: stored.type_length }),
    },
    valueOf: VALUE_OF[typeof type === 'object' ? 'stored' : type],
  };
}

/**
 * The older annotation of integers alone: hyparquet-writer 0.17.0 writes the number of bits in the newer one as an int32, not
 * a byte, and pyarrow refuses the file (findings/integer-types-of-a-parquet-writer.sh).
 */
function withoutIntegerType({ logical_type, ...stored }: StoredType): StoredType {
  if (logical_type?.type !== 'INTEGER') return { ...stored, ...(logical_type && { logical_type }) };
  const { bitWidth, isSigned } = logical_type;
  return { ...stored, converted_type: `${isSigned ? 'INT' : 'UINT'}_${bitWidth}` as ConvertedType };
}

const asIs = (cell: Cell) => cell;
const VALUE_OF: Readonly<Record<Exclude<ColumnType, StoredType> | 'stored', (cell: Cell) => Cell>> = {
  stored: asIs,
  string: asIs,
  boolean: asIs,
  int64: (cell) => (cell === null ? null : BigInt(cell as number | bigint)),
  double: (cell) => (cell === null ? null : Number(cell)),
  json: (cell) => (cell === null ? null : cellJson(cell, 'json')),
};
