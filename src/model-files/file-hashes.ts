import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

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

/** @returns 64 hexadecimal digits, from the bytes as they are now. */
export async function sha256File(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
