import { statSync } from 'node:fs';

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
