import { Builder } from 'flatbuffers';
import type { StoredType } from '../rows.ts';
import { logicalTypeOf } from '../stored-types.ts';

// Arrow's Schema.fbs and Message.fbs (https://github.com/apache/arrow/tree/main/format): the numbers below are the order of
// the members there.

const UNION = {
  Null: 1,
  Int: 2,
  FloatingPoint: 3,
  Binary: 4,
  Utf8: 5,
  Bool: 6,
  Decimal: 7,
  Date: 8,
  Time: 9,
  Timestamp: 10,
  FixedSizeBinary: 15,
  FixedSizeList: 16,
} as const;
const PRECISION = { half: 0, single: 1, double: 2 } as const;
const TIME_UNIT = { MILLIS: 1, MICROS: 2, NANOS: 3 } as const;
const DATE_UNIT_DAY = 0;
const METADATA_V5 = 4;
const HEADER_SCHEMA = 1;
const LITTLE_ENDIAN = 0;
/** In front of a message. */
const CONTINUATION = 0xffffffff;

/** A member of a table: an int32, an enum of 16 bits, a boolean or a string. */
type Member = { int32: number } | { enum16: number } | { boolean: boolean } | { text: string };

/** A table of the union `Type`. */
export interface ArrowType {
  union: number;
  members: readonly Member[];
}

export interface ArrowField {
  name: string;
  isNullable: boolean;
  type: ArrowType;
  children?: readonly ArrowField[];
}

export function arrowList(length: number): ArrowType {
  return { union: UNION.FixedSizeList, members: [{ int32: length }] };
}

/** The Arrow type as which pyarrow reads a Parquet column. */
export function arrowTypeOf(stored: StoredType): ArrowType {
  const logical = logicalTypeOf(stored);
  switch (logical?.type) {
    case 'STRING':
    case 'ENUM':
    case 'JSON':
      return { union: UNION.Utf8, members: [] };
    case 'DATE':
      return { union: UNION.Date, members: [{ enum16: DATE_UNIT_DAY }] };
    case 'TIME': {
      const bits = stored.type === 'INT32' ? 32 : 64;
      return { union: UNION.Time, members: [{ enum16: TIME_UNIT[logical.unit] }, { int32: bits }] };
    }
    case 'TIMESTAMP': {
      const zone: Member[] = logical.isAdjustedToUTC ? [{ text: 'UTC' }] : [];
      return { union: UNION.Timestamp, members: [{ enum16: TIME_UNIT[logical.unit] }, ...zone] };
    }
    case 'DECIMAL': {
      const bits = logical.precision > 38 ? 256 : 128;
      return {
        union: UNION.Decimal,
        members: [{ int32: logical.precision }, { int32: logical.scale }, { int32: bits }],
      };
    }
    case 'INTEGER':
      return integer(logical.bitWidth, logical.isSigned);
    case 'FLOAT16':
      return floating('half');
    case 'NULL':
      return { union: UNION.Null, members: [] };
    default:
      return plainType(stored);
  }
}

function plainType({ type, type_length = 0 }: StoredType): ArrowType {
  switch (type) {
    case 'BOOLEAN':
      return { union: UNION.Bool, members: [] };
    case 'INT32':
      return integer(32, true);
    case 'INT64':
      return integer(64, true);
    case 'FLOAT':
      return floating('single');
    case 'DOUBLE':
      return floating('double');
    case 'FIXED_LEN_BYTE_ARRAY':
      return { union: UNION.FixedSizeBinary, members: [{ int32: type_length }] };
    default:
      return { union: UNION.Binary, members: [] };
  }
}

function integer(bits: number, isSigned: boolean): ArrowType {
  return { union: UNION.Int, members: [{ int32: bits }, { boolean: isSigned }] };
}

function floating(precision: keyof typeof PRECISION): ArrowType {
  return { union: UNION.FloatingPoint, members: [{ enum16: PRECISION[precision] }] };
}

/**
 * What Arrow's readers look for under `ARROW:schema` in the metadata of a Parquet file: which list has a fixed size is said
 * nowhere else.
 *
 * @param metadata what pyarrow gives as `schema.metadata`: it takes that of the Parquet file only where there is no schema.
 * @returns the base64 of a message of Arrow's stream format, a schema.
 */
export function encodeArrowSchema(fields: readonly ArrowField[], metadata: Readonly<Record<string, string>>): string {
  const builder = new Builder(1024);
  // Members that equal their default are written, too: then the defaults need not be known here.
  builder.forceDefaults(true);
  const list = offsets(
    builder,
    fields.map((field) => writeField(builder, field)),
  );
  const pairs = offsets(
    builder,
    Object.entries(metadata).map(([key, value]) => writePair(builder, key, value)),
  );
  builder.startObject(3);
  builder.addFieldInt16(0, LITTLE_ENDIAN, 0);
  builder.addFieldOffset(1, list, 0);
  builder.addFieldOffset(2, pairs, 0);
  const schema = builder.endObject();
  builder.startObject(4);
  builder.addFieldInt16(0, METADATA_V5, 0);
  builder.addFieldInt8(1, HEADER_SCHEMA, 0);
  builder.addFieldOffset(2, schema, 0);
  builder.addFieldInt64(3, 0n, 0n);
  builder.finish(builder.endObject());
  const message = builder.asUint8Array();
  const padded = Math.ceil(message.length / 8) * 8;
  const framed = Buffer.alloc(8 + padded);
  framed.writeUInt32LE(CONTINUATION, 0);
  framed.writeUInt32LE(padded, 4);
  framed.set(message, 8);
  return framed.toString('base64');
}

function writeField(builder: Builder, { name, isNullable, type, children = [] }: ArrowField): number {
  const nested = offsets(
    builder,
    children.map((child) => writeField(builder, child)),
  );
  const typeOffset = writeType(builder, type);
  const nameOffset = builder.createString(name);
  builder.startObject(6);
  builder.addFieldOffset(0, nameOffset, 0);
  builder.addFieldInt8(1, Number(isNullable), 0);
  builder.addFieldInt8(2, type.union, 0);
  builder.addFieldOffset(3, typeOffset, 0);
  builder.addFieldOffset(5, nested, 0);
  return builder.endObject();
}

function writePair(builder: Builder, key: string, value: string): number {
  const keyOffset = builder.createString(key);
  const valueOffset = builder.createString(value);
  builder.startObject(2);
  builder.addFieldOffset(0, keyOffset, 0);
  builder.addFieldOffset(1, valueOffset, 0);
  return builder.endObject();
}

function writeType(builder: Builder, { members }: ArrowType): number {
  const texts = members.map((member) => ('text' in member ? builder.createString(member.text) : 0));
  builder.startObject(members.length);
  for (const [slot, member] of members.entries()) {
    if ('text' in member) builder.addFieldOffset(slot, texts[slot] as number, 0);
    else if ('int32' in member) builder.addFieldInt32(slot, member.int32, 0);
    else if ('enum16' in member) builder.addFieldInt16(slot, member.enum16, 0);
    else builder.addFieldInt8(slot, Number(member.boolean), 0);
  }
  return builder.endObject();
}

/** A vector of tables. */
function offsets(builder: Builder, tables: readonly number[]): number {
  builder.startVector(4, tables.length, 4);
  for (const table of [...tables].reverse()) builder.addOffset(table);
  return builder.endVector();
}
