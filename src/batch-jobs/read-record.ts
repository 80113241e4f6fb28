import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../errors.ts';

/**
 * Reads what `writeDurably` wrote of something that has an id, which the file is called by.
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
