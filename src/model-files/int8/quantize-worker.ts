import { closeSync, openSync, readSync } from 'node:fs';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { messageOf } from '../../errors.ts';
import { readFloat32 } from '../folder/read-float32.ts';
import type { TensorLocation } from '../folder/safetensors.ts';
import { type Int8Target, quantizeRows } from './quantize-rows.ts';
import type { WeightBits } from './scheme.ts';

// Entry of the worker threads that quantize matrices; started by write-int8-file.ts through Piscina.

/** Of the source at a time: what is read, converted and quantized stays in a core's cache. */
const READ_BYTES = 1 << 19;

/** A matrix of the source. */
export interface Matrix {
  name: string;
  source: TensorLocation;
  rows: number;
  columns: number;
  bits: WeightBits;
}

/** A matrix that was quantized, or what is wrong with it: errors of our own classes do not cross to another thread. */
export type QuantizedMatrix = ({ isValid: true } & Int8Target) | { isValid: false; message: string };

/** Quantizes a matrix. Its integers and scales come back in buffers that are moved. */
export function quantizeMatrix(matrix: Matrix): unknown {
  const { name, source, rows, columns, bits } = matrix;
  const target: Int8Target = {
    rows,
    columns,
    bits,
    values: new Int8Array(rows * columns),
    scales: new Float32Array(rows),
    squares: 0,
    errorSquares: 0,
  };
  let complaint: string | null;
  try {
    complaint = quantizeInto(target, matrix);
  } catch (error) {
    complaint = `${name} of ${source.file} cannot be read (${messageOf(error)}). Download it again.`;
  }
  if (complaint !== null) return { isValid: false, message: complaint } satisfies QuantizedMatrix;
  return move({
    [transferableSymbol]: [target.values.buffer, target.scales.buffer],
    [valueSymbol]: { isValid: true, ...target } satisfies QuantizedMatrix,
  } as never);
}

/** @returns what is wrong with the weights; null: nothing. */
function quantizeInto(target: Int8Target, { name, source, rows, columns }: Matrix): string | null {
  const rowBytes = source.byteLength / rows;
  const rowsPerRead = Math.max(1, Math.floor(READ_BYTES / rowBytes));
  const buffer = Buffer.allocUnsafeSlow(rowsPerRead * rowBytes);
  const weights = new Float32Array(rowsPerRead * columns);
  const file = openSync(source.file, 'r');
  try {
    for (let row = 0; row < rows; row += rowsPerRead) {
      const count = Math.min(rowsPerRead, rows - row);
      const bytes = buffer.subarray(0, count * rowBytes);
      if (readSync(file, bytes, 0, bytes.length, source.offset + row * rowBytes) !== bytes.length)
        return `${source.file} ends in the middle of ${name}. Download it again.`;
      readFloat32(bytes, source.dtype, weights);
      if (!quantizeRows(weights.subarray(0, count * columns), row, target))
        return `Tensor ${name} of ${source.file} has non-finite values. Download it again.`;
    }
  } finally {
    closeSync(file);
  }
  return null;
}
