import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a folder and those above it. Node's own `recursive` never ends in places where nothing can be made (/proc), and
 * says ENOENT of a file system that cannot be written.
 *
 * @throws the error of the file system.
 */
export async function makeFolder(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  const error = await makeOne(folder);
  if (error === null) return;
  if (error.code !== 'ENOENT' || parent === folder) throw error;
  await makeFolder(parent);
  // Once more, and no oftener. Others may have made it meanwhile.
  const again = await makeOne(folder);
  if (again !== null) throw again;
}

/** null if the folder exists now, whichever process created it. */
async function makeOne(folder: string): Promise<NodeJS.ErrnoException | null> {
  try {
    await mkdir(folder);
    return null;
  } catch (error) {
    return (await isFolder(folder)) ? null : (error as NodeJS.ErrnoException);
  }
}

async function isFolder(place: string): Promise<boolean> {
  return (await stat(place).catch(() => null))?.isDirectory() ?? false;
}
