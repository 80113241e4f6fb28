import type { ResultRow, ResultValue } from '../bulk-files/rows.ts';
import { type OutputDtype, quantizeVector } from '../http/body/output-dtype.ts';

/** How the result of a row is kept until the file is written: always in so many bytes. */
export interface ValueRecord {
  bytes: number;
  write: (result: Float32Array | number, target: Buffer) => void;
  /** A view: not to be written. */
  read: (record: Buffer) => ResultRow['value'];
}

/** Records are read where they were written: numbers are in the order of bytes of this machine. */
export function valueRecord(value: ResultValue): ValueRecord {
  if (value.name === 'score') {
    return {
      bytes: 8,
      write: (score, target) => target.writeDoubleLE(score as number),
      read: (record) => record.readDoubleLE(),
    };
  }
  const { dimensions, dtype } = value;
  const { Numbers, length } = layoutOf(dtype, dimensions);
  const bytes = length * Numbers.BYTES_PER_ELEMENT;
  return {
    bytes,
    write(vector, target) {
      const { buffer, byteOffset, byteLength } = quantizeVector(vector as Float32Array, dtype);
      if (byteLength !== bytes) throw new Error(`a vector has ${byteLength} bytes, not ${bytes}`);
      target.set(new Uint8Array(buffer, byteOffset, byteLength));
    },
    read: ({ buffer, byteOffset }) => new Numbers(buffer as ArrayBuffer, byteOffset, length),
  };
}

function layoutOf(
  dtype: OutputDtype,
  dimensions: number,
): {
  Numbers: typeof Float32Array | typeof Int8Array | typeof Uint8Array;
  length: number;
} {
  switch (dtype) {
    case 'float':
      return { Numbers: Float32Array, length: dimensions };
    case 'int8':
      return { Numbers: Int8Array, length: dimensions };
    case 'uint8':
      return { Numbers: Uint8Array, length: dimensions };
    case 'binary':
      return { Numbers: Int8Array, length: dimensions / 8 };
    case 'ubinary':
      return { Numbers: Uint8Array, length: dimensions / 8 };
  }
}
