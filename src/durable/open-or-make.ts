import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens a file to be read and to be continued; makes it where it is not there.
 * @param mode who may read it then, as of `open`; by itself whom the process lets.
 * @throws {Error} of the file system.
 */
export async function openOrMake(file: string, mode = 0o666): Promise<FileHandle> {
  try {
    return await open(file, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(file, 'wx+', mode);
  }
}
