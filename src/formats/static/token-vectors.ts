import { closeSync, openSync, readSync } from 'node:fs';
import { StartError } from '../../errors.ts';
import { fromHalf } from '../../model-files/folder/read-float32.ts';
import type { StoredType, TensorLocation } from '../../model-files/folder/safetensors.ts';
import { type StaticWeights, TABLE_FILE } from './static-weights.ts';

/** Most bytes that one call reads. */
const MOST_AT_ONCE = 2 ** 30;

/** A table in memory, in the precision that it is stored in. */
export interface TokenVectors {
  /**
   * An empty sum of vectors, [hiddenSize], in the precision that the tools add in: over hundreds of tokens another
   * one shows.
   */
  createSum(): Sum;
  /** Adds the vector of a token, exactly as it is stored, to `sum`. */
  add(token: number, sum: Sum): void;
}

export type Sum = Float32Array | Float64Array;

/** @throws {StartError} for a mapping to rows that there are not. */
export function loadTokenVectors({ table, mapping, weights }: StaticWeights): TokenVectors {
  const [rowCount = 0, width = 0] = table.shape;
  const addRow = rowAdder(table, width);
  const rows = mapping === null ? null : readMapping(mapping, rowCount);
  const factors = weights === null ? null : Float64Array.from(readNumbers(weights));
  // NumPy adds integers in double precision; otherwise it and PyTorch add in that of the numbers, halves in float32.
  const isDouble = table.dtype === 'I8' || table.dtype === 'F64' || weights?.dtype === 'F64';
  return {
    createSum: () => (isDouble ? new Float64Array(width) : new Float32Array(width)),
    add: (token, sum) => addRow(rows === null ? token : (rows[token] as number), factors?.[token] ?? 1, sum),
  };
}

type AddRow = (row: number, factor: number, sum: Sum) => void;

/** Adds `factor` times a row. */
function rowAdder(table: TensorLocation<StaticWeights['table']['dtype']>, width: number): AddRow {
  const { dtype } = table;
  if (dtype === 'F16' || dtype === 'BF16') {
    const values = new Uint16Array(readTensorBytes(table));
    const numbers = numbersOfBits(dtype);
    return (row, factor, sum) => {
      const start = row * width;
      for (let i = 0; i < width; i++) {
        sum[i] = (sum[i] as number) + factor * (numbers[values[start + i] as number] as number);
      }
    };
  }
  const values = readNumbers({ ...table, dtype });
  return (row, factor, sum) => {
    const start = row * width;
    for (let i = 0; i < width; i++) sum[i] = (sum[i] as number) + factor * (values[start + i] as number);
  };
}

/** The numbers that all 2^16 patterns of 16 bits stand for. */
function numbersOfBits(dtype: 'F16' | 'BF16'): Float32Array {
  if (dtype === 'F16') return Float32Array.from({ length: 2 ** 16 }, (_, bits) => fromHalf(bits));
  return new Float32Array(Uint32Array.from({ length: 2 ** 16 }, (_, bits) => bits << 16).buffer);
}

function readNumbers(tensor: TensorLocation<'F32' | 'F64' | 'F16' | 'I8'>): Float32Array | Float64Array | Int8Array {
  const bytes = readTensorBytes(tensor);
  switch (tensor.dtype) {
    case 'F32':
      return new Float32Array(bytes);
    case 'F64':
      return new Float64Array(bytes);
    case 'F16':
      return Float32Array.from(new Uint16Array(bytes), fromHalf);
    case 'I8':
      return new Int8Array(bytes);
  }
}

function readMapping(tensor: TensorLocation<'I32' | 'I64'>, rowCount: number): Int32Array {
  const bytes = readTensorBytes(tensor);
  const rows = tensor.dtype === 'I32' ? new Int32Array(bytes) : Int32Array.from(new BigInt64Array(bytes), Number);
  const wrong = rows.find((row) => row < 0 || row >= rowCount);
  if (wrong === undefined) return rows;
  throw new StartError(
    `${TABLE_FILE} maps a token to row ${wrong}, but its table has ${rowCount} rows. Copy or download the model again.`,
  );
}

/**
 * The bytes of a tensor, in a buffer of their own: they begin at an element, whatever its size.
 * @throws {Error} where the file has become shorter since the tensor was located.
 */
function readTensorBytes({ file, offset, byteLength }: TensorLocation<StoredType>): ArrayBuffer {
  const buffer = new ArrayBuffer(byteLength);
  const bytes = new Uint8Array(buffer);
  const descriptor = openSync(file, 'r');
  try {
    for (let read = 0; read < byteLength; ) {
      const count = readSync(descriptor, bytes, read, Math.min(MOST_AT_ONCE, byteLength - read), offset + read);
      if (count === 0) throw new Error(`${file} ended ${byteLength - read} bytes early`);
      read += count;
    }
  } finally {
    closeSync(descriptor);
  }
  return buffer;
}
