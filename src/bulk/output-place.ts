import { copyFile, lstat, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { resultFilesOf } from '../bulk-files/create-result-writer.ts';
import { fileError } from '../bulk-files/file-error.ts';
import type { OutputFormat } from '../bulk-files/rows.ts';
import { syncFolder } from '../durable/sync-folder.ts';
import { StartError } from '../errors.ts';
import { fileKind } from '../file-kind.ts';
import { lockFolder } from './output-lock.ts';
import { CONDITIONS_FILE, type RunConditions, readConditions } from './run-conditions.ts';

/** Written when the results are complete and the output is about to get its name. */
const FINISHING = 'finishing';

/** Where a run writes, and what an earlier one left there. */
export interface OutputPlace {
  output: string;
  /** `OUTPUT.partial`: what is done so far. */
  folder: string;
  /** Of the run that was begun there; null: none was. */
  begun: RunConditions | null;
  /** A file is there that may be replaced. */
  replaces: boolean;
  /** The output is there, and there is nothing to do. */
  isDone: boolean;
  /** Lets others work there; what is not worth keeping is removed. */
  leave: (options: { keep: boolean }) => Promise<void>;
}

export interface OutputOptions {
  output: string;
  format: OutputFormat;
  overwrite: boolean;
  /** What is there is what is wanted. */
  skipExisting: boolean;
}

/**
 * Takes the output for this process.
 * @param overwrite whether what is there is to be forgotten, a run that was interrupted included.
 * @param skipExisting whether an output that is there is done: it has its name only when it is whole, and comes last of its files.
 * @throws {StartError} another process works there; a file is there that this run was not told to replace, or that is none.
 */
export async function takeOutput({ output, format, overwrite, skipExisting }: OutputOptions): Promise<OutputPlace> {
  const folder = `${output}.partial`;
  const found: string[] = [];
  const notWritten = (error: unknown): never => {
    throw fileError(error, output, 'written');
  };
  for (const file of resultFilesOf({ output, format })) {
    if (await isFile(file).catch(notWritten)) found.push(file);
  }
  const parent = path.dirname(output);
  if ((await stat(parent).catch(absent)) === null) throw new StartError(`There is no folder ${parent} to write to.`);
  const unlock = await enter(folder).catch(notWritten);
  const leave = async ({ keep }: { keep: boolean }) => {
    if (!keep) await clear(folder);
    await unlock();
    // Another process may have come into it.
    if (!keep) await rmdir(folder).catch(() => {});
  };
  try {
    const begun = overwrite ? null : await readConditions(folder);
    // What a killed process did not get to remove, or kept of standard input before it began, is of other conditions.
    if (begun === null) await clear(folder);
    const isFinishing = (await stat(path.join(folder, FINISHING)).catch(absent)) !== null;
    const mayReplace = overwrite || (begun !== null && (begun.replaces || isFinishing));
    // Beside what another run has begun, nobody knows whose it is.
    const isDone = skipExisting && begun === null && found.includes(output);
    if (found.length > 0 && !mayReplace && !isDone) {
      const advice = found.includes(output) ? ' --skip-existing takes it as done.' : '';
      throw new StartError(
        `${found[0]} is there already. Choose another name, or replace it with --overwrite.${advice}`,
      );
    }
    return { output, folder, begun, replaces: found.length > 0, isDone, leave };
  } catch (error) {
    await leave({ keep: true });
    await rmdir(folder).catch(() => {});
    throw error;
  }
}

/**
 * Puts the rows that failed beside the output, and notes that the output may be there from now on.
 * @param failures JSON lines.
 */
export async function placeErrors({ output, folder }: OutputPlace, failures: string): Promise<void> {
  const target = errorsFileOf(output);
  if ((await stat(failures)).size === 0) await rm(target, { force: true });
  else {
    const copy = path.join(folder, 'errors.jsonl');
    await copyFile(failures, copy);
    await syncFile(copy);
    await rename(copy, target);
  }
  await (await open(path.join(folder, FINISHING), 'w')).close();
  await syncFolder(folder);
}

/** Where rows are told that have no result. */
export function errorsFileOf(output: string): string {
  return `${output}.errors.jsonl`;
}

/**
 * Whether there is a file. The results would replace whatever has the name: a device, or a link instead of what it leads to.
 * @throws {StartError} something else is there.
 */
async function isFile(output: string): Promise<boolean> {
  const found = await lstat(output).catch(absent);
  if (found === null || found.isFile()) return found !== null;
  const kind = found.isSymbolicLink() ? 'link' : fileKind(output);
  throw new StartError(`${output} is a ${kind}; --output is the file to write.`);
}

/** Makes the folder, and this process the only one in it: another may remove it meanwhile, when its work is done. */
async function enter(folder: string): Promise<() => Promise<void>> {
  for (;;) {
    // Not recursively: Node would say of a read-only disk that the folder is not there.
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    try {
      return await lockFolder(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Removes everything but who works there. First what the rest is believed by: the process may be killed on the way. */
async function clear(folder: string): Promise<void> {
  await rm(path.join(folder, CONDITIONS_FILE), { force: true });
  for (const name of await readdir(folder)) {
    if (!name.startsWith('running.')) await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
