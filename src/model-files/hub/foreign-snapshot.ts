import { readdir, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../../errors.ts';
import { chooseFiles } from '../../formats/recognize-model.ts';
import { LocalFiles } from '../folder/model-files.ts';
import type { WeightChoice } from '../manifest.ts';
import { DIGESTS } from './check-listing.ts';
import { digestFile, FileDigest } from './file-digest.ts';
import type { PublishedDigest } from './hub.ts';
import { type CachedFile, type FileRecord, sizeOf } from './model-cache.ts';

/**
 * Without modules.json, which says how vectors are pooled and what comes after, and which the prompts are next to, a
 * POOLING that was set for another model would pass, and lost Dense modules would not be missed. The class that
 * tokenizer_config.json names rules over tokenizer.json, and without a name it is guessed.
 */
const DECISIVE_FILES = ['modules.json', 'tokenizer_config.json'];

/**
 * Reads a snapshot that another tool put into the shared cache. Its links lead to blobs that are named after their
 * published digests, so that its files can be verified without the hub: small ones here, all by the caller.
 *
 * @returns undefined where there is no such snapshot.
 * @throws {StartError} when it cannot be served as it is, saying why.
 */
export async function readForeignSnapshot(
  folder: string,
  name: string,
  revision: string,
  choice: WeightChoice,
): Promise<FileRecord | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
  const fail = (why: string) =>
    new StartError(`OFFLINE=1, but the copy of ${name} that another tool left in ${folder} cannot be used: ${why}`);
  const failForGood = (why: string) => fail(`${why}. Run \`hotvec pull ${name}\` on a machine with network access.`);
  const missing = DECISIVE_FILES.find((file) => !paths.includes(file));
  if (missing !== undefined) throw failForGood(`it has no ${missing}, and it is unknown whether the model has one`);
  const source = new LocalFiles({ name, folder, files: new Set(paths) });
  const { chosen, weights, isGuess } = await chooseFiles(source, choice).catch((error) => {
    throw fail(error.message);
  });
  if (isGuess) {
    throw fail(
      `it is unknown which other weights and precisions the model has. Set WEIGHTS=${weights}, and DTYPE to the one to serve.`,
    );
  }
  const files: CachedFile[] = [];
  for (const file of chosen) {
    const link = path.join(folder, file);
    const published = digestOf(path.basename(await readlink(link).catch(() => '')));
    if (published === undefined) throw failForGood(`${file} is not a link to a blob, so its hash is unknown`);
    const size = await sizeOf(link);
    let sha256 = published.digest;
    if (published.algorithm === 'git-sha1') {
      const digest = new FileDigest({ ...published, size });
      await digestFile(digest, await realpath(link), size);
      const found = digest.finish();
      if (!found.isPublished) throw failForGood(`${file} is damaged`);
      sha256 = found.sha256;
    }
    files.push({ path: file, size, sha256 });
  }
  return { revision, files };
}

/** Blobs are named after git's id of the file, or after the SHA-256 of a large one. */
function digestOf(blob: string): PublishedDigest | undefined {
  const algorithm = (['sha256', 'git-sha1'] as const).find((one) => DIGESTS[one].test(blob));
  return algorithm && { algorithm, digest: blob };
}
