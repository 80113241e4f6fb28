import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { PublishedDigest } from './hub.ts';

/** Hashes a file's bytes, fed in order: always with SHA-256, and with the algorithm of the published digest. */
export class FileDigest {
  private readonly sha256 = createHash('sha256');
  private readonly gitSha1: Hash | null;
  private readonly published: PublishedDigest;

  /** @param file its `size` in bytes is part of git's hash. */
  constructor(file: PublishedDigest & { size: number }) {
    this.published = file;
    this.gitSha1 = file.algorithm === 'git-sha1' ? createHash('sha1').update(`blob ${file.size}\0`) : null;
  }

  update(bytes: Uint8Array): void {
    this.sha256.update(bytes);
    this.gitSha1?.update(bytes);
  }

  /** To be called once. */
  finish(): { sha256: string; isPublished: boolean } {
    const sha256 = this.sha256.digest('hex');
    return { sha256, isPublished: (this.gitSha1?.digest('hex') ?? sha256) === this.published.digest };
  }
}

/** Feeds the first `length` bytes of a file. */
export async function digestFile(digest: FileDigest, path: string, length: number): Promise<void> {
  if (length === 0) return;
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20, end: length - 1 })) {
    digest.update(bytes as Buffer);
  }
}
