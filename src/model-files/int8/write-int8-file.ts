import { type FileHandle, open } from 'node:fs/promises';
import { StartError } from '../../errors.ts';
import { readFloat32 } from '../folder/read-float32.ts';
import type { TensorLocation } from '../folder/safetensors.ts';
import { writeAll } from '../write-all.ts';
import { type Int8Target, quantizeRows } from './quantize-rows.ts';
import type { MatrixChoice, Tensors } from './scheme.ts';

/** Of the source at a time: few milliseconds of work, so that the process answers meanwhile. */
const READ_BYTES = 1 << 20;

/** A matrix of the source. */
interface Matrix {
  name: string;
  source: TensorLocation;
  rows: number;
  columns: number;
}

/** Those that may be quantized, in the order of the file. */
function matricesOf(tensors: Tensors, { isQuantizable }: MatrixChoice): Matrix[] {
  return Object.entries(tensors)
    .filter(([name, { shape }]) => isQuantizable(name, shape))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, source]) => {
      const [rows = 0, columns = 0] = source.shape;
      return { name, source, rows, columns };
    });
}

/** The name of the tensor of scales that belongs to a matrix. */
export function scalesOf(name: string): string {
  return `${name}_scale`;
}

/** The most that the file which `writeInt8File` makes can take, in bytes. */
export function int8FileBytes(tensors: Tensors, choice: MatrixChoice): number {
  const matrices = matricesOf(tensors, choice);
  return matrices.reduce((sum, { rows, columns }) => sum + rows * (columns + 4), headerOf(matrices, choice).length);
}

/**
 * Quantizes a model, matrix by matrix, into a new safetensors file: the integers of each, transposed, then the scales of
 * all. Matrices that would lose too much are not in it. The same weights give the same bytes. Holds one matrix in memory.
 *
 * @param file must not exist. When this returns, it is on the disk.
 * @param onProgress told which part of the work is done, up to 1.
 * @throws {StartError} for weights that are not finite, and errors of the file system.
 */
export async function writeInt8File(
  tensors: Tensors,
  file: string,
  choice: MatrixChoice,
  onProgress: (part: number) => void,
): Promise<void> {
  const matrices = matricesOf(tensors, choice);
  const sources = new Map<string, FileHandle>();
  const output = await open(file, 'wx');
  try {
    // Room for all of them: which they are is known at the end.
    const headerBytes = headerOf(matrices, choice).length;
    let end = headerBytes;
    const append = async (bytes: ArrayBufferView) => {
      await writeAll(output, bytes, end);
      end += bytes.byteLength;
    };
    const written: Matrix[] = [];
    const allScales: Float32Array[] = [];
    for (const [i, matrix] of matrices.entries()) {
      const { file: sourceFile } = matrix.source;
      const source = sources.get(sourceFile) ?? (await open(sourceFile, 'r'));
      sources.set(sourceFile, source);
      const { values, scales, squares, errorSquares } = await quantize(matrix, source);
      onProgress((i + 1) / matrices.length);
      if (errorSquares > choice.largestError ** 2 * squares) continue;
      await append(values);
      allScales.push(scales);
      written.push(matrix);
    }
    for (const scales of allScales) await append(scales);
    await writeAll(output, headerOf(written, choice, headerBytes), 0);
    await output.sync();
  } finally {
    await output.close();
    for (const source of sources.values()) await source.close();
  }
}

async function quantize({ name, source, rows, columns }: Matrix, handle: FileHandle): Promise<Int8Target> {
  const target: Int8Target = {
    rows,
    columns,
    values: new Int8Array(rows * columns),
    scales: new Float32Array(rows),
    squares: 0,
    errorSquares: 0,
  };
  const rowBytes = source.byteLength / rows;
  const rowsPerRead = Math.max(1, Math.floor(READ_BYTES / rowBytes));
  const buffer = Buffer.allocUnsafeSlow(rowsPerRead * rowBytes);
  for (let row = 0; row < rows; row += rowsPerRead) {
    const bytes = buffer.subarray(0, Math.min(rowsPerRead, rows - row) * rowBytes);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, source.offset + row * rowBytes);
    if (bytesRead !== bytes.length)
      throw new StartError(`${source.file} ends in the middle of ${name}. Download it again.`);
    if (!quantizeRows(readFloat32(bytes, source.dtype), row, target)) {
      throw new StartError(`Tensor ${name} of ${source.file} has non-finite values. Download it again.`);
    }
  }
  return target;
}

/**
 * u64 little-endian length and JSON, padded with spaces.
 * @param bytes of all of it; left out: a whole number of cache lines.
 */
function headerOf(matrices: readonly Matrix[], { scheme }: MatrixChoice, bytes?: number): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: 'hotvec-int8', scheme } };
  let end = 0;
  const place = (name: string, dtype: 'I8' | 'F32', shape: number[], byteLength: number) => {
    header[name] = { dtype, shape, data_offsets: [end, end + byteLength] };
    end += byteLength;
  };
  for (const { name, rows, columns } of matrices) place(name, 'I8', [columns, rows], columns * rows);
  for (const { name, rows } of matrices) place(scalesOf(name), 'F32', [rows], 4 * rows);
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd((bytes ?? Math.ceil((json.length + 8) / 64) * 64) - 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text]);
}
