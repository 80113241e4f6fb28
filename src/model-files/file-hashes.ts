import { existsSync, realpathSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { StartError } from '../errors.ts';
import { hashFile } from './hash-file.ts';

/** A file of more bytes is hashed in a thread of its own: it takes longer than the thread's start. */
export const LARGE = 1 << 26;

/** A file as it was when it was first seen. */
interface SeenFile {
  stamp: string;
  /** Of the file with that stamp; undefined: not read yet. */
  hash: Promise<string> | undefined;
}

/**
 * SHA-256 of files, each read at most once: weights are gigabytes. They are those of the files as they were first seen, and whoever
 * uses them is told if a file has other bytes since.
 */
export class FileHashes {
  /** By paths as they were given, and by those with links resolved. */
  private readonly seen = new Map<string, SeenFile>();

  /** @param verified absolute path, links resolved → SHA-256 of files that were read already. */
  constructor(verified: ReadonlyMap<string, string> = new Map()) {
    for (const [file, hash] of verified) this.put(file, hash);
  }

  /**
   * @returns 64 hexadecimal digits.
   * @throws {StartError} for a file that was changed since it was first seen.
   */
  async of(file: string): Promise<string> {
    const seen = this.see(file);
    seen.hash ??= hashUnchanged(file, seen.stamp);
    return seen.hash;
  }

  /** Files that are used before they are hashed: must not be others by then. */
  watch(files: Iterable<string>): void {
    for (const file of files) this.see(file);
  }

  /** A file whose hash is known to whoever wrote it. */
  put(file: string, hash: string): void {
    this.seen.set(file, { stamp: stampOf(file), hash: Promise.resolve(hash) });
  }

  /** What `others` knows about a file. */
  adopt(file: string, others: FileHashes): void {
    this.seen.set(file, others.see(file));
  }

  /**
   * A file that another process replaced by the same bytes is unchanged.
   * @throws {StartError} naming one that has other bytes than when it was first seen, or may have.
   */
  async checkUnchanged(files: Iterable<string>): Promise<void> {
    for (const file of new Set(files)) {
      const seen = this.see(file);
      const stamp = stampOf(file);
      if (stamp === seen.stamp) continue;
      const hash = seen.hash && (await sha256File(file).catch(() => 'absent'));
      if (hash === undefined || hash !== (await seen.hash)) throw changedMeanwhile(file);
      seen.stamp = stamp;
    }
  }

  private see(file: string): SeenFile {
    let seen = this.seen.get(file);
    if (seen === undefined) {
      const target = existsSync(file) ? realpathSync(file) : file;
      seen = this.seen.get(target) ?? { stamp: stampOf(file), hash: undefined };
      this.seen.set(target, seen);
      this.seen.set(file, seen);
    }
    return seen;
  }
}

/** What was done with the file since it had that stamp must have been done with the bytes that are hashed. */
async function hashUnchanged(file: string, stamp: string): Promise<string> {
  const hash = await sha256File(file);
  if (stampOf(file) !== stamp) throw changedMeanwhile(file);
  return hash;
}

function changedMeanwhile(file: string): StartError {
  return new StartError(
    `${file} was changed while the model was being loaded. Start again when nothing writes it any more.`,
  );
}

/**
 * Reads a large file in another thread: the start does other work meanwhile.
 * @returns 64 hexadecimal digits, from the bytes as they are now.
 */
export async function sha256File(file: string): Promise<string> {
  const { size } = await stat(file);
  return size > LARGE ? hashInThread(file) : hashFile(file);
}

function hashInThread(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./hash-worker.js', import.meta.url), { workerData: file });
    worker.once('message', resolve);
    worker.once('error', reject);
    // After one of both, or because the thread was lost.
    worker.once('exit', () => reject(new Error(`the thread that reads ${file} ended`)));
  });
}

/**
 * What the file system says of a model's files, to notice that they are no longer those whose hashes were checked:
 * hashing gigabytes again would keep a lost engine away for seconds, this takes microseconds.
 */
export class FileStamps {
  private readonly stamps: Map<string, string>;

  constructor(files: Iterable<string>) {
    this.stamps = new Map([...new Set(files)].map((file) => [file, stampOf(file)]));
  }

  /** A file that was written, replaced or removed since; undefined when there is none. */
  get changed(): string | undefined {
    for (const [file, stamp] of this.stamps) if (stampOf(file) !== stamp) return file;
    return undefined;
  }
}

/** Links are followed. */
function stampOf(file: string): string {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? 'absent' : [stats.dev, stats.ino, stats.size, stats.mtimeNs].join();
}
