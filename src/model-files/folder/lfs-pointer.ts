import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '../../errors.ts';

/** First line of the text that Git keeps in the place of a large file (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
const FIRST_BYTES = 'version https://git-lfs';

/** Whether a clone left a pointer where the file itself should be. A file that cannot be read is none. */
export function isLfsPointer(file: string): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const start = Buffer.alloc(FIRST_BYTES.length);
    readSync(descriptor, start, 0, start.length, 0);
    return start.toString('latin1') === FIRST_BYTES;
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Call it for a file that turned out not to have its format, and for one that is never parsed.
 * @throws {StartError} when it is a pointer.
 */
export function refuseLfsPointer(folder: string, file: string): void {
  if (!isLfsPointer(path.join(folder, file))) return;
  throw new StartError(
    `${file} is a Git LFS pointer, not the file itself. Run \`git lfs install && git lfs pull\` in ${folder}.`,
  );
}
