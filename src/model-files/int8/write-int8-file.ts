import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { writeAll } from '../../durable/write-all.ts';
import { sha256File } from '../file-hashes.ts';
import { quantizeMatrices } from './quantize-matrices.ts';
import type { Matrix } from './quantize-worker.ts';
import type { MatrixChoice, Tensors } from './scheme.ts';

/** Hashed and written at a time: few milliseconds of work, so that the process answers meanwhile. */
const WRITE_BYTES = 1 << 22;

/** Those that may be quantized, in the order of the file. */
function matricesOf(tensors: Tensors, { bits, isQuantizable }: MatrixChoice): Matrix[] {
  return Object.entries(tensors)
    .filter(([name, { shape }]) => isQuantizable(name, shape))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, source]) => {
      const [rows = 0, columns = 0] = source.shape;
      return { name, source, rows, columns, bits };
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
 * Quantizes a model, matrix by matrix, in worker threads, into a new safetensors file: the integers of each, transposed,
 * then the scales of all. Matrices that would lose too much are not in it. The same weights give the same bytes. Holds few
 * matrices in memory.
 *
 * @param file must not exist. When this returns, it is on the disk.
 * @param onProgress told which part of the work is done, up to 1.
 * @returns its SHA-256, 64 hexadecimal digits.
 * @throws {StartError} for weights that cannot be read or are not finite, and errors of the file system.
 */
export async function writeInt8File(
  tensors: Tensors,
  file: string,
  choice: MatrixChoice,
  onProgress: (part: number) => void,
): Promise<string> {
  const matrices = matricesOf(tensors, choice);
  const output = await open(file, 'wx');
  try {
    // Room for all of them: which they are is known at the end. Mostly they are all, and then it begins the file's hash.
    const wholeHeader = headerOf(matrices, choice);
    const hash = createHash('sha256').update(wholeHeader);
    let end = wholeHeader.length;
    const append = async ({ buffer, byteLength }: Int8Array | Float32Array) => {
      for (let done = 0; done < byteLength; done += WRITE_BYTES) {
        const bytes = new Uint8Array(buffer, done, Math.min(WRITE_BYTES, byteLength - done));
        hash.update(bytes);
        await writeAll(output, bytes, end);
        end += bytes.length;
      }
    };
    const written: Matrix[] = [];
    const allScales: Float32Array[] = [];
    const all = matrices.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
    let done = 0;
    let next = 0;
    for await (const { values, scales, squares, errorSquares } of quantizeMatrices(matrices)) {
      const matrix = matrices[next++] as Matrix;
      if (errorSquares <= choice.largestError ** 2 * squares) {
        await append(values);
        allScales.push(scales);
        written.push(matrix);
      }
      done += values.length;
      onProgress(done / all);
    }
    for (const scales of allScales) await append(scales);
    await writeAll(output, headerOf(written, choice, wholeHeader.length), 0);
    await output.sync();
    return written.length === matrices.length ? hash.digest('hex') : await sha256File(file);
  } finally {
    await output.close();
  }
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
