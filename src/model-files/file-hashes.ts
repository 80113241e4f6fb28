import { statSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { hashFile } from './hash-file.ts';

/** A file of more bytes is hashed in a thread of its own: it takes longer than the thread's start. */
export const LARGE = 1 << 26;

/** SHA-256 of files, each read at most once: weights are gigabytes. */
export class FileHashes {
  private readonly known = new Map<string, Promise<string>>();

  /** @param verified absolute path, links resolved → SHA-256 of files that were read already. */
  constructor(verified: ReadonlyMap<string, string> = new Map()) {
    for (const [file, hash] of verified) this.known.set(file, Promise.resolve(hash));
  }

  /** @returns 64 hexadecimal digits. */
  async of(file: string): Promise<string> {
    const target = await realpath(file);
    let hash = this.known.get(target);
    if (hash === undefined) {
      hash = sha256File(target);
      this.known.set(target, hash);
    }
    return hash;
  }
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
