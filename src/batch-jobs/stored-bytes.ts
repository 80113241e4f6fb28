import { HotvecError } from '../errors.ts';

export interface StorageLimits {
  /** Of all files together. */
  maxStoredBytes: number;
  /** Part of `maxStoredBytes` that the files of one API key may take, in (0, 1]. */
  keyShare: number;
}

/** Bytes that files take, or will: of all, and of each API key. */
export class StoredBytes {
  private readonly limits: StorageLimits;
  private taken = 0;
  private readonly takenOf = new Map<string | null, number>();
  /** What batches that have not ended have written so far, by file. */
  private readonly written = new Map<string, number>();

  constructor(limits: StorageLimits) {
    this.limits = limits;
  }

  get total(): number {
    return this.taken;
  }

  /** So many more are taken, or fewer. */
  add(bytes: number, owner: string | null): void {
    this.taken += bytes;
    this.takenOf.set(owner, (this.takenOf.get(owner) ?? 0) + bytes);
  }

  /** A file that a batch writes has so many bytes now. */
  setWritten(id: string, owner: string | null, bytes: number): void {
    this.add(bytes - (this.written.get(id) ?? 0), owner);
    if (bytes === 0) this.written.delete(id);
    else this.written.set(id, bytes);
  }

  /**
   * @param bytes that are to be taken besides all that are.
   * @throws {HotvecError} insufficient_storage, of all or of one API key.
   */
  checkRoom(bytes: number, owner: string | null): void {
    const { maxStoredBytes, keyShare } = this.limits;
    const refuse = (whose: string, most: number, taken: number) =>
      new HotvecError(
        'insufficient_storage',
        `Files of batches${whose} may take ${most} bytes here, and ${taken} are taken. Delete files that are no longer needed.`,
      );
    if (this.taken + bytes > maxStoredBytes) throw refuse('', maxStoredBytes, this.taken);
    if (owner === null) return;
    const share = Math.floor(keyShare * maxStoredBytes);
    const own = this.takenOf.get(owner) ?? 0;
    if (own + bytes > share) throw refuse(' of one API key', share, own);
  }
}
