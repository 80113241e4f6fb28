import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StartError } from '../../errors.ts';
import { refuseLfsPointer } from './lfs-pointer.ts';

/** A parsed JSON object of a model folder, nothing known of its fields. */
export type Json = Record<string, unknown>;

/** Reads a JSON file of one model, wherever it lies; undefined when it does not exist. */
export type ReadJson = (file: string) => Promise<unknown>;

/**
 * Reads a JSON file of a model folder; undefined when it does not exist.
 * @throws {StartError} when it cannot be read, or holds neither an object nor a list.
 */
export async function readJson(folder: string, file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path.join(folder, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StartError(`${file} cannot be read: ${messageOf(error)}`);
  }
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json;
    throw new Error('expected an object or array');
  } catch {
    refuseLfsPointer(folder, file);
    throw new StartError(`${file} is not a JSON object or array. Copy or download the model folder again: ${folder}`);
  }
}
