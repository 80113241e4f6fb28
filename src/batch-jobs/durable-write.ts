import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../errors.ts';
import { syncFolder } from '../model-files/hub/sync-folder.ts';

/**
 * Writes a small file so that after a crash or a power loss there is the old one or the new one, and never a part.
 * @throws {Error} of the file system; the old file is untouched.
 */
export async function writeDurably(file: string, text: string): Promise<void> {
  const unfinished = `${file}.new`;
  const handle = await open(unfinished, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
  await syncFolder(path.dirname(file));
}

/**
 * Reads what was written so, of something that has an id, which the file is called by.
 * @throws {StartError} it was written by something else, or is damaged; {Error} of the file system.
 */
export async function readRecord<Stored extends { id: string }>(file: string): Promise<Stored> {
  const text = await readFile(file, 'utf8');
  try {
    const record = JSON.parse(text) as Stored;
    if (`${record.id}.json` === path.basename(file)) return record;
  } catch {
    // No JSON, as where a disk lost what was synced.
  }
  throw new StartError(`${file} is damaged. Bring it back from a backup, or move it away, which loses what it is of.`);
}

/** Codes of a place that takes nothing now, and may again: full, read-only, failing. */
const STORAGE_CODES = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EROFS',
  'EIO',
  'EACCES',
  'EPERM',
  'ENOENT',
  'EMFILE',
  'ENFILE',
  // Of our own: the operator's limit.
  'BATCH_MAX_STORED_BYTES',
]);

/** Why something could not be stored, by the code of the file system; undefined for errors of another kind. */
export function storageFailure(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && STORAGE_CODES.has(code) ? code : undefined;
}
