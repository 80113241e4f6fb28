import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { syncFolder } from '../../durable/sync-folder.ts';
import { StartError } from '../../errors.ts';
import { FileHashes } from '../file-hashes.ts';
import { explainDiskError } from '../hub/explain-disk-error.ts';
import { formatBytes } from '../hub/format-bytes.ts';
import { checkFreeSpace } from '../hub/free-space.ts';
import { makeFolder } from '../hub/make-folder.ts';
import { findInt8File, int8FileName, int8Stem, newestInt8File, readInt8File } from './find-int8-file.ts';
import type { OnInt8Event } from './int8-events.ts';
import type { Int8Matrix, MatrixChoice, Tensors } from './scheme.ts';
import { int8FileBytes, writeInt8File } from './write-int8-file.ts';

/** An unfinished file that was not written for this long has no owner any more. */
const ABANDONED_MS = 5 * 60_000;

export interface PrepareInt8Options {
  choice: MatrixChoice;
  /** Where the file may be, in order of preference. */
  folders: readonly string[];
  files: FileHashes;
  onEvent: OnInt8Event;
  /** Told of the matrices of the newest file there is, before it is known whether they are the ones. */
  onPresumed?: ((int8: Record<string, Int8Matrix>) => void) | undefined;
  /** Nothing is written before. Left out: at once. */
  mayWrite?: Promise<unknown> | undefined;
  /** Tests put another here. */
  checkSpace?: typeof checkFreeSpace;
}

/**
 * Finds a model's weights in int8, or quantizes them, once, into the first of the folders that can take them.
 *
 * The file appears under its name by one rename, whole and on the disk, and its name holds its hash. So of two processes
 * that make it at once, each makes its own, and the second replaces the first's by the same bytes.
 *
 * @returns the int8 matrices, by the names of their tensors.
 * @throws {StartError} when no folder can take the file, with what is wrong with each; for weights that are damaged.
 */
export async function prepareInt8(tensors: Tensors, options: PrepareInt8Options): Promise<Record<string, Int8Matrix>> {
  const { choice, folders, files, onEvent } = options;
  const candidates = new FileHashes();
  const [stem] = await Promise.all([int8Stem(tensors, choice, files), presume(tensors, candidates, options)]);
  const damaged: string[] = [];
  const finish = async (file: string, isNew: boolean) => {
    const quantized = await readInt8File(tensors, file);
    const matrices = Object.keys(quantized).length;
    const keptMatrices =
      Object.entries(tensors).filter(([name, { shape }]) => choice.isLayerMatrix(name, shape)).length - matrices;
    onEvent({ kind: 'ready', file, isNew, matrices, keptMatrices });
    return quantized;
  };
  for (const folder of folders) {
    const file = await findInt8File(folder, stem, candidates, (bad) => damaged.push(bad));
    if (file === undefined) continue;
    files.adopt(file, candidates);
    // In a folder that is read only, they are left to whoever can write it.
    await removeAbandoned(folder, stem).catch(() => {});
    return finish(file, false);
  }
  // They are not removed: another process may have put a whole one there by now. The rename replaces them.
  for (const file of damaged) onEvent({ kind: 'damaged', file });
  await options.mayWrite;
  return finish(await makeFile(tensors, stem, options), true);
}

/** Tells of the matrices that are probably the ones, and hashes their file beside the weights they were made of. */
async function presume(
  tensors: Tensors,
  candidates: FileHashes,
  { choice, folders, onPresumed }: PrepareInt8Options,
): Promise<void> {
  const file = await newestInt8File(folders, choice);
  if (file === undefined) return;
  try {
    onPresumed?.(await readInt8File(tensors, file));
    await candidates.of(file);
  } catch {
    // Of another model, or damaged: it is looked at again if it is the one.
  }
}

/** Makes the file in the first folder that can take it. */
async function makeFile(tensors: Tensors, stem: string, options: PrepareInt8Options): Promise<string> {
  const { choice, folders, files, onEvent, checkSpace = checkFreeSpace } = options;
  const bytes = int8FileBytes(tensors, choice);
  const refusals: string[] = [];
  const refuse = (folder: string, error: unknown) => {
    const explained = explainDiskError(error, folder);
    if (!(explained instanceof StartError)) throw explained;
    refusals.push(explained.message);
    onEvent({ kind: 'refused', folder, reason: explained.message });
  };
  for (const folder of folders) {
    try {
      await makeFolder(folder);
      await removeAbandoned(folder, stem);
      await checkSpace(folder, bytes);
    } catch (error) {
      refuse(folder, error);
      continue;
    }
    const unfinished = path.join(folder, `${stem}.${randomUUID()}.incomplete`);
    onEvent({ kind: 'quantizing', folder, bytes });
    // A start that is stopped ends the process at once.
    const removeUnfinished = () => rmSync(unfinished, { force: true });
    process.once('exit', removeUnfinished);
    try {
      const sha256 = await writeInt8File(tensors, unfinished, choice, (part) => onEvent({ kind: 'progress', part }));
      // Its name says what it was made of, by hashes that were made before.
      await files.checkUnchanged(Object.values(tensors).map(({ file }) => file));
      const file = path.join(folder, int8FileName(stem, sha256));
      await rename(unfinished, file);
      files.put(file, sha256);
      await syncFolder(folder);
      return file;
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      // Weights that are damaged are so everywhere.
      if (error instanceof StartError) throw error;
      refuse(folder, error);
    } finally {
      process.off('exit', removeUnfinished);
    }
  }
  throw new StartError(`There is no room for the int8 weights (${formatBytes(bytes)}). ${refusals.join(' ')}`);
}

/** What a process that was killed left behind. */
async function removeAbandoned(folder: string, stem: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${stem}.`) || !name.endsWith('.incomplete')) continue;
    const file = path.join(folder, name);
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(file, { force: true });
  }
}
