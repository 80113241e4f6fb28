import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../../errors.ts';
import { LARGE, sha256File } from '../file-hashes.ts';
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

export interface Verification {
  /** Absolute path of each file, links resolved → the SHA-256 of its record, which it has unless `verified` rejects. */
  hashes: Map<string, string>;
  /** Settles when every file was read. @throws {StartError} naming one that is not what was published. */
  verified: Promise<void>;
}

/**
 * Reads every file of a model and compares it with its record: small ones, by which the model is described, at once, and
 * large ones while it is being loaded.
 * @throws {StartError} naming the first small file that is not what was published.
 */
export async function verifyFiles(options: VerifyOptions): Promise<Verification> {
  const { repository, folder, record, published } = options;
  const hashes = new Map<string, string>();
  const large: { file: string; target: string }[] = [];
  for (const { path: file, sha256 } of record.files) {
    checkPublished(repository, file, sha256, published);
    const target = await realpath(path.join(folder, ...file.split('/')));
    hashes.set(target, sha256);
    if ((await stat(target)).size > LARGE) large.push({ file, target });
    else await verify(file, target, sha256, options);
  }
  const verifyLarge = async () => {
    for (const { file, target } of large) await verify(file, target, hashes.get(target) as string, options);
  };
  const verified = verifyLarge();
  // Whoever starts the model waits for it; the start may end before.
  verified.catch(() => {});
  return { hashes, verified };
}

async function verify(
  file: string,
  target: string,
  expected: string,
  { repository, repair }: VerifyOptions,
): Promise<void> {
  const sha256 = await sha256File(target);
  if (sha256 === expected) return;
  throw new StartError(
    `${file} of ${repository} is damaged: its sha256 is ${sha256}, expected ${expected}. Run \`${repair}\`, which downloads it again (${target}).`,
  );
}
