import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { ColumnMetaData, Compressors, DecodedArray } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { compressors, decompressLz4, decompressLz4Raw } from 'hyparquet-compressors';
import type { ParquetColumn } from './parquet-columns.ts';

/** Room for a page's header: it is tens of bytes, but may hold the least and the greatest value. */
const HEADER_BYTES = 1 << 16;
const NANOSECONDS_PER_MICROSECOND = 1_000n;

/** Of a dictionary without values, as of a column that is null in all rows; hyparquet-compressors reads its LZ4 as damaged. */
const NOTHING = new Uint8Array(0);

const COMPRESSORS: Compressors = {
  ...compressors,
  LZ4: (bytes, length) => (length === 0 ? NOTHING : decompressLz4(bytes, length)),
  LZ4_RAW: (bytes, length) => (length === 0 ? NOTHING : decompressLz4Raw(bytes, length)),
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
};

const PARSERS = {
  ...DEFAULT_PARSERS,
  // Bytes that are no UTF-8 stay bytes: their row has a problem, and no other has.
  stringFromBytes: (bytes: Uint8Array) =>
    isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : bytes,
  timestampFromNanoseconds: floorToMicroseconds,
};

/**
 * The values of one column in one row group, a page at a time: a row group may be larger than the memory.
 *
 * @param skip so many rows are passed over.
 * @returns values as the file stores them, but strings for a column of type `string`; undefined for null.
 * @throws {RangeError} and others for a damaged file.
 */
export async function* readPages(
  file: FileHandle,
  { column, chunk, skip }: { column: ParquetColumn; chunk: ColumnMetaData; skip: number },
): AsyncGenerator<DecodedArray> {
  const { element } = column.path[1]!;
  const isString = column.type === 'string';
  const decoder = {
    pathInSchema: chunk.path_in_schema,
    type: chunk.type,
    codec: chunk.codec,
    // Without annotations: the values as they are stored.
    element: {
      name: element.name,
      ...(element.type && { type: element.type }),
      ...(element.type_length !== undefined && { type_length: element.type_length }),
      ...(element.repetition_type && { repetition_type: element.repetition_type }),
    },
    schemaPath: column.path,
    compressors: COMPRESSORS,
    parsers: PARSERS,
    utf8: isString,
  };
  const data = Number(chunk.data_page_offset);
  const dictionaryOffset = Number(chunk.dictionary_page_offset ?? 0);
  // Some writers leave the dictionary's place out, or say 0.
  const start = dictionaryOffset > 0 && dictionaryOffset < data ? dictionaryOffset : data;
  const end = start + Number(chunk.total_compressed_size);
  let dictionary: DecodedArray | undefined;
  let left = skip;
  for (let at = start; at < end; ) {
    const head = { view: await readView(file, at, Math.min(HEADER_BYTES, end - at)), offset: 0 };
    const header = parquetHeader(head);
    const body = at + head.offset;
    at = body + header.compressed_page_size;
    if (at < body || at > end) throw new RangeError('a page does not end in its column');
    const rows = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_rows ?? 0;
    if (header.type !== 'DICTIONARY_PAGE' && left >= rows) {
      left -= rows;
      continue;
    }
    const page = { view: await readView(file, body, header.compressed_page_size), offset: 0 };
    const { data: values } = readPage(page, header, decoder, dictionary, undefined, 0);
    if (values === undefined) throw new RangeError('a page without values');
    if (header.type === 'DICTIONARY_PAGE') dictionary = convert(values, decoder);
    else {
      yield left > 0 ? values.slice(left) : values;
      left = 0;
    }
  }
}

/** Exactly the bytes at a place. @throws {RangeError} where the file ends before. */
export async function readView(file: FileHandle, start: number, length: number): Promise<DataView<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) throw new RangeError(`it ends at byte ${start + done}`);
    done += bytesRead;
  }
  return new DataView(bytes.buffer);
}

function floorToMicroseconds(nanoseconds: bigint): bigint {
  const rest =
    ((nanoseconds % NANOSECONDS_PER_MICROSECOND) + NANOSECONDS_PER_MICROSECOND) % NANOSECONDS_PER_MICROSECOND;
  return (nanoseconds - rest) / NANOSECONDS_PER_MICROSECOND;
}
