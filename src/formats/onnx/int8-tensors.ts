import path from 'node:path';
import { ElementType } from '../graph-writer/onnx-graph.ts';
import { type ProtobufField, ProtobufFile } from './protobuf-file.ts';

/** A tensor of signed bytes: where they lie, up to `end` or the end of the file; null where they are written as numbers. */
export type Int8Tensor = { file: string; start: number; end: number | null } | null;

// Field numbers of TensorProto.
const DATA_TYPE = 2;
const INT32_DATA = 5;
const RAW_DATA = 9;
/** What one number takes at most, where it is written as such. */
const NUMBER_BYTES = 10;
/** 2 × 255 × 64 fits into 16 bits, 2 × 255 × 65 does not; −2 × 255 × 64 fits, too. */
const LARGEST_NARROW = 64;

/**
 * Where the bytes of a tensor lie, if it is of signed ones, and of more than one: those are zero points.
 *
 * @param fields those of the TensorProto.
 * @param external what it says of bytes in another file; empty where they are in its own.
 */
export function readInt8Tensor(
  file: string,
  fields: readonly ProtobufField[],
  external: ReadonlyMap<string, string>,
): Int8Tensor[] {
  const all = (number: number) => fields.filter((field) => field.number === number);
  if (all(DATA_TYPE)[0]?.value !== ElementType.int8) return [];
  const location = external.get('location');
  if (location !== undefined) {
    const start = Number(external.get('offset') ?? 0);
    const length = external.get('length');
    const end = length === undefined ? null : start + Number(length);
    return [{ file: path.join(path.dirname(file), location), start, end }];
  }
  const [raw] = all(RAW_DATA);
  if (raw !== undefined) return raw.end - raw.start > 1 ? [{ file, start: raw.start, end: raw.end }] : [];
  const length = all(INT32_DATA).reduce((sum, { start, end }) => sum + Math.max(1, end - start), 0);
  return length > NUMBER_BYTES ? [null] : [];
}

/**
 * Whether one of the tensors has a value outside [−64, 64], so that a sum of two products with unsigned bytes may need more
 * than 16 bits. Reads no further than the first one. Values that are written as numbers count as such, unread: exporters
 * write bytes.
 */
export function hasWideValues(tensors: readonly Int8Tensor[]): boolean {
  return tensors.some((tensor) => tensor === null || isWide(tensor));
}

function isWide({ file, start, end }: NonNullable<Int8Tensor>): boolean {
  const reader = new ProtobufFile(file);
  try {
    for (const chunk of reader.chunks(start, end ?? reader.size)) {
      const values = new Int8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      if (values.some((value) => value < -LARGEST_NARROW || value > LARGEST_NARROW)) return true;
    }
    return false;
  } finally {
    reader.close();
  }
}
