import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../../errors.ts';
import { sha256File } from '../file-hashes.ts';
import { checkPublished } from '../known/published-hashes.ts';
import type { FileRecord } from './model-cache.ts';

export interface VerifyOptions {
  repository: string;
  /** The snapshot. */
  folder: string;
  record: FileRecord;
  /** Path → SHA-256, {@link publishedHashes}. */
  published: ReadonlyMap<string, string>;
  /** What the operator runs to get the files again. */
  repair: string;
}

/**
 * Reads every file of a model and compares it with its record.
 * @returns absolute path of each file, links resolved → its SHA-256.
 * @throws {StartError} naming the first file that is not what was published.
 */
export async function verifyFiles({
  repository,
  folder,
  record,
  published,
  repair,
}: VerifyOptions): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const { path: file, sha256: expected } of record.files) {
    checkPublished(repository, file, expected, published);
    const target = await realpath(path.join(folder, ...file.split('/')));
    const sha256 = await sha256File(target);
    if (sha256 !== expected) {
      throw new StartError(
        `${file} of ${repository} is damaged: its sha256 is ${sha256}, expected ${expected}. Run \`${repair}\`, which downloads it again (${target}).`,
      );
    }
    hashes.set(target, sha256);
  }
  return hashes;
}
