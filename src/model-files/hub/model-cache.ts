import { randomUUID } from 'node:crypto';
import { copyFile, readFile, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { getRepoFolderName } from '@huggingface/hub';
import { syncFolder } from '../../durable/sync-folder.ts';
import { StartError } from '../../errors.ts';
import type { WeightChoice } from '../manifest.ts';
import { DIGESTS } from './check-listing.ts';
import { makeFolder } from './make-folder.ts';

/** A file of a model that is served from the cache. */
export interface CachedFile {
  /** Relative to the snapshot, with `/`. */
  path: string;
  size: number;
  sha256: string;
}

/** Which files a model needs: known from then on without asking the hub. */
export interface FileRecord {
  revision: string;
  files: CachedFile[];
}

/**
 * One repository in the cache that Hugging Face's tools share: `blobs/DIGEST` holds the bytes, `snapshots/COMMIT/PATH`
 * links to them, `refs/BRANCH` holds a commit (huggingface_hub, "Understand caching"). hotvec's own notes, and
 * int8 weights, are in `.hotvec/`, which those tools do not look at.
 */
export class ModelCache {
  readonly folder: string;
  readonly blobs: string;
  /** hotvec's own notes. */
  readonly ownFolder: string;

  constructor(root: string, repository: string) {
    this.folder = path.join(root, getRepoFolderName({ type: 'model', name: repository }));
    this.blobs = path.join(this.folder, 'blobs');
    this.ownFolder = path.join(this.folder, '.hotvec');
  }

  snapshot(revision: string): string {
    return inside(path.join(this.folder, 'snapshots'), revision);
  }

  /** @throws {StartError} for anything that is not a digest: what a hub says must not lead to other files. */
  blob(digest: string): string {
    if (Object.values(DIGESTS).some((pattern) => pattern.test(digest))) return path.join(this.blobs, digest);
    throw new StartError(`${JSON.stringify(digest)} is not a file digest. Use another hub or mirror.`);
  }

  /** The commit that hotvec used last for a branch or tag. undefined where it never did. */
  ownRef(revision: string): Promise<string | undefined> {
    return readText(path.join(this.ownFolder, 'refs', encodeURIComponent(revision)));
  }

  /** The commit that a tool of Hugging Face noted for a branch or tag. */
  sharedRef(revision: string): Promise<string | undefined> {
    return readText(inside(path.join(this.folder, 'refs'), revision));
  }

  /** @param choice each needs other files. */
  async record(revision: string, choice: WeightChoice): Promise<FileRecord | undefined> {
    const text = await readText(this.recordFile(revision, choice));
    if (text === undefined) return undefined;
    try {
      const record = JSON.parse(text) as FileRecord;
      return record.revision === revision && Array.isArray(record.files) ? record : undefined;
    } catch {
      // Damaged: the same as none, the hub is asked again.
      return undefined;
    }
  }

  /** Whether every file of a record is there with its size. Bytes are not read. */
  async holds({ revision, files }: FileRecord): Promise<boolean> {
    const sizes = await Promise.all(files.map((file) => sizeOf(inside(this.snapshot(revision), file.path))));
    return files.every((file, index) => file.size === sizes[index]);
  }

  /** Makes `snapshots/REVISION/FILE` lead to a blob: by a link, or by a copy where links cannot be made. */
  async link(revision: string, file: string, digest: string): Promise<void> {
    const place = inside(this.snapshot(revision), file);
    const target = path.relative(path.dirname(place), this.blob(digest));
    if ((await readlink(place).catch(() => null)) === target) return;
    await makeFolder(path.dirname(place));
    const temporary = `${place}.${randomUUID()}.incomplete`;
    await symlink(target, temporary).catch((error: NodeJS.ErrnoException) => {
      if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL'].includes(error.code ?? '')) throw error;
      return copyFile(this.blob(digest), temporary);
    });
    await rename(temporary, place);
  }

  /** Writes what makes a snapshot usable, after its files: the record first, then what points to the commit. */
  async finish(record: FileRecord, choice: WeightChoice, asked: string): Promise<void> {
    await writeAtomically(this.recordFile(record.revision, choice), `${JSON.stringify(record, null, 1)}\n`);
    // Tools of Hugging Face want this folder even where nothing is in it.
    await makeFolder(path.join(this.folder, 'refs'));
    if (asked === record.revision) return;
    await writeAtomically(inside(path.join(this.folder, 'refs'), asked), record.revision);
    await writeAtomically(path.join(this.ownFolder, 'refs', encodeURIComponent(asked)), record.revision);
  }

  private recordFile(revision: string, { weights, dtype }: WeightChoice): string {
    const name = weights === 'auto' ? dtype : `${weights}-${dtype}`;
    return path.join(inside(this.ownFolder, revision), `${name}.json`);
  }
}

/**
 * A place below `folder`.
 * @throws {StartError} for a name that leads out of it.
 */
function inside(folder: string, name: string): string {
  const place = path.join(folder, ...name.split('/'));
  if (place.startsWith(`${folder}${path.sep}`)) return place;
  throw new StartError(
    `${JSON.stringify(name)} points outside ${folder}. Correct MODEL or REVISION, or use another hub.`,
  );
}

/** The size of the file that a path leads to, in bytes; -1 where there is none. */
export async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => ({ size: -1 }))).size;
}

async function readText(file: string): Promise<string | undefined> {
  return (await readFile(file, 'utf8').catch(() => undefined))?.trim() || undefined;
}

async function writeAtomically(file: string, text: string): Promise<void> {
  // With nothing to write, a read-only disk is not a reason to fail.
  if ((await readFile(file, 'utf8').catch(() => null)) === text) return;
  await makeFolder(path.dirname(file));
  const temporary = `${file}.${randomUUID()}.incomplete`;
  await writeFile(temporary, text, { flush: true });
  await rename(temporary, file);
  await syncFolder(path.dirname(file));
}
