import type { ColumnChunk, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { type ArrowField, arrowList, arrowTypeOf } from './arrow-schema.ts';

/** Parquet's writers aim at it, and its readers take a page at a time. */
const PAGE_BYTES = 1 << 20;
/** A byte's values, each an entry of a dictionary: then a component takes a byte, and not the four of an INT32. */
const BYTE_VALUES = 256;

export interface VectorKind {
  name: string;
  /** Numbers of a row. */
  length: number;
  element: 'float32' | 'int8' | 'uint8';
}

/** The column's elements in the schema of the file: a list of exactly `length` numbers in every row. */
export function vectorSchema({ name, element }: VectorKind): SchemaElement[] {
  const number: SchemaElement =
    element === 'float32'
      ? { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' }
      : {
          name: 'element',
          type: 'INT32',
          repetition_type: 'REQUIRED',
          converted_type: element === 'int8' ? 'INT_8' : 'UINT_8',
        };
  return [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    number,
  ];
}

export function vectorField(kind: VectorKind): ArrowField {
  const { name: child, ...stored } = vectorSchema(kind).at(-1) as SchemaElement;
  const type = arrowTypeOf({ ...stored, type: stored.type ?? 'FLOAT' });
  return {
    name: kind.name,
    isNullable: false,
    type: arrowList(kind.length),
    children: [{ name: child, isNullable: false, type }],
  };
}

/**
 * The column chunk of the vectors of a row group, in pages. Bytes go from the vectors into the pages as they are: the general
 * encoder takes each number as a value of its own, at a tenth of the speed (decision 0124).
 */
export class VectorChunk {
  private readonly kind: VectorKind;
  private readonly rowBytes: number;
  private readonly page: Uint8Array;
  private rowsInPage = 0;
  private rows = 0;
  private readonly pages: Uint8Array[] = [];
  private dictionaryBytes = 0;

  constructor(kind: VectorKind) {
    this.kind = kind;
    this.rowBytes = kind.length * (kind.element === 'float32' ? 4 : 1);
    this.page = new Uint8Array(Math.max(1, Math.floor(PAGE_BYTES / this.rowBytes)) * this.rowBytes);
  }

  add({ buffer, byteOffset, byteLength }: Float32Array | Int8Array | Uint8Array): void {
    if (byteLength !== this.rowBytes) throw new Error(`a vector of ${byteLength} bytes, not ${this.rowBytes}`);
    this.page.set(new Uint8Array(buffer, byteOffset, byteLength), this.rowsInPage * this.rowBytes);
    this.rowsInPage += 1;
    if ((this.rowsInPage + 1) * this.rowBytes > this.page.length) this.endPage();
  }

  /**
   * @param start where in the file the chunk will be.
   * @returns its bytes, and what the file's footer says of it.
   */
  finish(start: number): { pages: readonly Uint8Array[]; chunk: ColumnChunk } {
    if (this.rowsInPage > 0) this.endPage();
    const { name, length, element } = this.kind;
    const size = BigInt(this.pages.reduce((sum, page) => sum + page.length, 0));
    const isFloat = element === 'float32';
    return {
      pages: this.pages,
      chunk: {
        file_offset: BigInt(start),
        meta_data: {
          type: isFloat ? 'FLOAT' : 'INT32',
          encodings: isFloat ? ['PLAIN', 'RLE'] : ['PLAIN', 'RLE', 'RLE_DICTIONARY'],
          path_in_schema: [name, 'list', 'element'],
          codec: 'UNCOMPRESSED',
          num_values: BigInt(this.rows * length),
          total_uncompressed_size: size,
          total_compressed_size: size,
          data_page_offset: BigInt(start + (isFloat ? 0 : this.dictionaryBytes)),
          ...(!isFloat && { dictionary_page_offset: BigInt(start) }),
        },
      },
    };
  }

  private endPage(): void {
    const writer = new ByteWriter(this.page.length + (1 << 16));
    const { element, length } = this.kind;
    if (element !== 'float32' && this.rows === 0) this.dictionaryBytes = writeDictionary(writer, element);
    const rows = this.rowsInPage;
    const repetition = repetitionLevels(rows, length);
    const definition = definitionLevels(rows * length);
    const values = this.page.subarray(0, rows * this.rowBytes);
    const body = element === 'float32' ? values : indexesOf(values);
    const size = repetition.length + definition.length + body.length;
    writePageHeader(writer, {
      type: 'DATA_PAGE_V2',
      uncompressed_page_size: size,
      compressed_page_size: size,
      data_page_header_v2: {
        num_values: rows * length,
        num_nulls: 0,
        num_rows: rows,
        encoding: element === 'float32' ? 'PLAIN' : 'RLE_DICTIONARY',
        definition_levels_byte_length: definition.length,
        repetition_levels_byte_length: repetition.length,
        is_compressed: false,
      },
    });
    for (const part of [repetition, definition, body]) writer.appendBytes(part);
    this.rows += rows;
    this.rowsInPage = 0;
    this.pages.push(writer.getBytes());
  }
}

// Levels and indexes: https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE. A run is a varint, twice its
// length, and the value; whole bytes of indexes are a varint, twice the number of eights plus one, and the bytes.

/** For each row a 0, where a list begins, and 1 for each further number. */
function repetitionLevels(rows: number, length: number): Uint8Array {
  const row = new ByteWriter(16);
  writeRun(row, 1, 0);
  if (length > 1) writeRun(row, length - 1, 1);
  const bytes = row.getBytes();
  const levels = new Uint8Array(rows * bytes.length);
  for (let at = 0; at < levels.length; at += bytes.length) levels.set(bytes, at);
  return levels;
}

/** 1 for each number: it is there. */
function definitionLevels(numbers: number): Uint8Array {
  const writer = new ByteWriter(16);
  writeRun(writer, numbers, 1);
  return writer.getBytes();
}

function writeRun(writer: ByteWriter, length: number, value: number): void {
  writer.appendVarInt(length << 1);
  writer.appendUint8(value);
}

/** Indexes of eight bits, in eights. */
function indexesOf(values: Uint8Array): Uint8Array {
  const eights = Math.ceil(values.length / 8);
  const writer = new ByteWriter(eights * 8 + 8);
  writer.appendUint8(8);
  writer.appendVarInt((eights << 1) | 1);
  writer.appendBytes(values);
  writer.appendBytes(new Uint8Array(eights * 8 - values.length));
  return writer.getBytes();
}

/** The value of each byte. @returns its bytes in the file. */
function writeDictionary(writer: ByteWriter, element: 'int8' | 'uint8'): number {
  const bytes = Uint8Array.from({ length: BYTE_VALUES }, (_, i) => i);
  const values = Int32Array.from(element === 'int8' ? new Int8Array(bytes.buffer) : bytes);
  writePageHeader(writer, {
    type: 'DICTIONARY_PAGE',
    uncompressed_page_size: values.byteLength,
    compressed_page_size: values.byteLength,
    dictionary_page_header: { num_values: BYTE_VALUES, encoding: 'PLAIN' },
  });
  writer.appendBytes(new Uint8Array(values.buffer));
  return writer.index;
}
