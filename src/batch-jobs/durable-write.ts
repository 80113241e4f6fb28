import { open, rename } from 'node:fs/promises';
import path from 'node:path';
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
