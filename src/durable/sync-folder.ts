import { open } from 'node:fs/promises';

/** Makes a rename last through a power cut. Windows cannot open folders, and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
