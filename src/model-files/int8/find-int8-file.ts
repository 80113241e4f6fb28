import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../../errors.ts';
import type { FileHashes } from '../file-hashes.ts';
import { locateTensorsOf, type TensorLocation } from '../folder/safetensors.ts';
import type { Int8Matrix, MatrixChoice, Tensors } from './scheme.ts';
import { scalesOf } from './write-int8-file.ts';

/** Of an int8 file; its metadata come first. */
const HEAD_BYTES = 512;

/**
 * The beginning of the name of the files that hold a model's weights in int8: by content, so that other weights, or
 * another way of quantizing them, have another. The whole name is `STEM-SHA256.safetensors`, the hash that of the file.
 */
export async function int8Stem(tensors: Tensors, { scheme }: MatrixChoice, files: FileHashes): Promise<string> {
  const sources = [...new Set(Object.values(tensors).map(({ file }) => file))];
  const hashes = (await Promise.all(sources.map((file) => files.of(file)))).sort();
  const key = createHash('sha256').update(JSON.stringify([scheme, ...hashes]));
  return `int8-${key.digest('hex').slice(0, 16)}`;
}

export function int8FileName(stem: string, sha256: string): string {
  return `${stem}-${sha256}.safetensors`;
}

/**
 * Of the files in `folders` that hold int8 weights of that scheme, whatever they were made of, the one that was made last:
 * machines with other processors may keep theirs in the same folder.
 */
export async function newestInt8File(
  folders: readonly string[],
  { scheme }: Pick<MatrixChoice, 'scheme'>,
): Promise<string | undefined> {
  const files: { file: string; mtimeMs: number }[] = [];
  for (const folder of folders) {
    for (const name of await int8FilesIn(folder, 'int8-')) {
      const file = path.join(folder, name);
      // One that cannot be read is not the one.
      const { head, mtimeMs } = await readHead(file).catch(() => ({ head: '', mtimeMs: 0 }));
      if (head.includes(`"scheme":${JSON.stringify(scheme)}`)) files.push({ file, mtimeMs });
    }
  }
  return files.sort((a, b) => b.mtimeMs - a.mtimeMs)[0]?.file;
}

/** The beginning of a file, where the metadata of its header are, and when it was written. */
async function readHead(file: string): Promise<{ head: string; mtimeMs: number }> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return { head: buffer.toString('latin1', 0, bytesRead), mtimeMs: (await handle.stat()).mtimeMs };
  } finally {
    await handle.close();
  }
}

/** Their names; a folder that is not there, or cannot be read, holds none. */
async function int8FilesIn(folder: string, start: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.startsWith(start) && name.endsWith('.safetensors')).sort();
}

/**
 * A file of that stem in `folder` whose bytes have the hash that its name says; undefined where there is none.
 * @param candidates hashes of files in int8 folders.
 * @param onDamaged told of those that have another.
 */
export async function findInt8File(
  folder: string,
  stem: string,
  candidates: FileHashes,
  onDamaged: (file: string) => void,
): Promise<string | undefined> {
  for (const name of await int8FilesIn(folder, `${stem}-`)) {
    const file = path.join(folder, name);
    const hash = await candidates.of(file).catch(() => 'unreadable');
    if (name === int8FileName(stem, hash)) return file;
    onDamaged(file);
  }
  return undefined;
}

/**
 * The int8 matrices of a file, by the names of the tensors that they were made of.
 * @throws {StartError} for matrices of other shapes than the model's: it was made by another program.
 */
export async function readInt8File(tensors: Tensors, file: string): Promise<Record<string, Int8Matrix>> {
  const found = await locateTensorsOf(file, ['I8', 'F32']);
  const take = <Stored extends 'I8' | 'F32'>(name: string, dtype: Stored, shape: number[]) => {
    const location = found[name];
    const isWanted = location?.dtype === dtype && location.shape.join() === shape.join();
    if (isWanted) return location as TensorLocation<Stored>;
    throw new StartError(`${file} has ${name} with shape [${location?.shape}], expected [${shape}]. Delete the file.`);
  };
  const int8: Record<string, Int8Matrix> = {};
  for (const [name, { shape }] of Object.entries(tensors)) {
    // Not in the file: it stays fp32.
    if (found[name] === undefined) continue;
    const [rows = 0, columns = 0] = shape;
    int8[name] = { values: take(name, 'I8', [columns, rows]), scales: take(scalesOf(name), 'F32', [rows]) };
  }
  return int8;
}
