import { statfs } from 'node:fs/promises';
import { StartError } from '../../errors.ts';
import { formatBytes } from './format-bytes.ts';

/** Room left for others, and for the file system's own blocks. */
const MARGIN_BYTES = 64 * 1024 * 1024;

/**
 * @param bytes still to be written into `folder`.
 * @param read statfs; tests put another here.
 * @throws {StartError} when they do not fit.
 */
export async function checkFreeSpace(
  folder: string,
  bytes: number,
  read: (path: string) => Promise<{ bavail: number; bsize: number }> = statfs,
): Promise<void> {
  if (bytes === 0) return;
  const { bavail, bsize } = await read(folder);
  const free = bavail * bsize;
  if (free >= bytes + MARGIN_BYTES) return;
  throw new StartError(
    `The model needs ${formatBytes(bytes)} more disk space and a margin of ${formatBytes(MARGIN_BYTES)}, but ${folder} has only ${formatBytes(free)} free. Free some space, or set HF_HOME to a folder on another disk.`,
  );
}
