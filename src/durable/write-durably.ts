import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from './sync-folder.ts';

/**
 * Writes a small file so that after a crash or a power loss there is the old one or the new one, and never a part.
 * @param mode who may read a file that is new, as of `open`; by itself whom the process lets.
 * @throws {Error} of the file system; the old file is untouched.
 */
export async function writeDurably(file: string, text: string, mode = 0o666): Promise<void> {
  const unfinished = `${file}.new`;
  const handle = await open(unfinished, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
  await syncFolder(path.dirname(file));
}
