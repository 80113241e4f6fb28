import { mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../durable/sync-folder.ts';
import { writeDurably } from '../durable/write-durably.ts';
import { HotvecError } from '../errors.ts';
import { newId } from './batch-job.ts';
import { readRecord } from './read-record.ts';
import { storageFailure } from './storage-failure.ts';

/** A file that a client sent, or one with the answers of a batch. Times are Unix seconds. */
export interface StoredFile {
  id: string;
  /** Name of the API key that it belongs to; null where none is asked for. */
  owner: string | null;
  filename: string;
  purpose: 'batch' | 'batch_output';
  bytes: number;
  createdAt: number;
  expiresAt: number;
}

export interface FileLimits {
  maxFileBytes: number;
  /** Of all files together. */
  maxStoredBytes: number;
  /** Part of `maxStoredBytes` that the files of one API key may take, in (0, 1]. */
  keyShare: number;
  /** How long a file is kept, in seconds. */
  retentionS: number;
}

/** What is said of a file that comes. */
export interface NewFile {
  owner: string | null;
  filename: string;
  /** Seconds that the client wants it kept; null: as long as the operator. */
  expiresAfterS: number | null;
}

/** Content that is on disk, but listed nowhere. */
export type ReceivedFile = Pick<StoredFile, 'id' | 'owner' | 'bytes'>;

/** So that a great many tiny files are bounded, too. */
const LEAST_COUNTED = 2 ** 16;
const DESCRIPTION = '.json';

/** Files on disk: the content under the id, and beside it what is known of it. Without the latter there is no such file. */
export class FileStore {
  private readonly folder: string;
  private readonly limits: FileLimits;
  /** Unix milliseconds. */
  private readonly now: () => number;
  private readonly files = new Map<string, StoredFile>();
  /** Bytes of all files, and of those of each owner, also while they are being written. */
  private taken = 0;
  private readonly takenOf = new Map<string | null, number>();

  private constructor(folder: string, limits: FileLimits, now: () => number) {
    this.folder = folder;
    this.limits = limits;
    this.now = now;
  }

  /**
   * @param unfinished ids of files that are being written over restarts; all else that was not finished is removed.
   * @throws {Error} of the file system.
   */
  static async open(
    folder: string,
    { limits, now, unfinished }: { limits: FileLimits; now: () => number; unfinished: ReadonlySet<string> },
  ): Promise<FileStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const store = new FileStore(folder, limits, now);
    const names = await readdir(folder);
    for (const name of names.filter((one) => one.endsWith(DESCRIPTION))) {
      store.add(await readRecord<StoredFile>(path.join(folder, name)));
    }
    for (const name of names) {
      const id = name.endsWith(DESCRIPTION) ? name.slice(0, -DESCRIPTION.length) : name;
      if (!store.files.has(id) && !unfinished.has(name)) await rm(path.join(folder, name), { force: true });
    }
    return store;
  }

  /** Bytes of all files, as they count. */
  get storedBytes(): number {
    return this.taken;
  }

  get maxFileBytes(): number {
    return this.limits.maxFileBytes;
  }

  /** The files of an API key, oldest first. */
  list(owner: string | null): StoredFile[] {
    const own = [...this.files.values()].filter((file) => file.owner === owner);
    return own.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** @throws {HotvecError} file_not_found, also for a file of somebody else. */
  find(id: string, owner: string | null): StoredFile {
    const file = this.files.get(id);
    if (file !== undefined && file.owner === owner) return file;
    throw new HotvecError('file_not_found', 'There is no file with this id; it may have expired.', {
      param: 'file_id',
    });
  }

  pathOf(id: string): string {
    return path.join(this.folder, id);
  }

  /**
   * Takes content to the disk, piece by piece. There is no such file before it is described, or else discarded.
   * @throws {HotvecError} body_too_large, insufficient_storage; what the content throws. Nothing is left then.
   */
  async receive(owner: string | null, content: AsyncIterable<Buffer>): Promise<ReceivedFile> {
    const received = { id: newId('file-', this.now()), owner, bytes: 0 };
    this.checkRoom(LEAST_COUNTED, owner);
    try {
      const handle = await open(this.pathOf(received.id), 'wx', 0o600);
      try {
        for await (const chunk of content) {
          if (received.bytes + chunk.length > this.limits.maxFileBytes) throw fileTooLarge(this.limits);
          this.checkRoom(chunk.length, owner);
          received.bytes += chunk.length;
          this.grow(owner, chunk.length);
          await handle.writeFile(chunk);
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      return received;
    } catch (error) {
      await this.discard(received);
      throw asRefusal(error);
    }
  }

  /** Lists what was received. @throws {HotvecError} insufficient_storage: nothing is left then. */
  async keep(received: ReceivedFile, file: NewFile): Promise<StoredFile> {
    try {
      const kept = await this.describe({ ...file, ...received, purpose: 'batch' });
      this.grow(received.owner, -received.bytes);
      return kept;
    } catch (error) {
      await this.discard(received);
      throw asRefusal(error);
    }
  }

  /** Removes what was received. */
  async discard({ id, owner, bytes }: ReceivedFile): Promise<void> {
    this.grow(owner, -bytes);
    // What cannot be removed now, is at the next start.
    await rm(this.pathOf(id), { force: true }).catch(() => {});
  }

  /**
   * Lists a file whose content is there, under its id.
   * @throws {Error} of the file system.
   */
  async describe({
    expiresAfterS,
    ...file
  }: NewFile & Pick<StoredFile, 'id' | 'bytes' | 'purpose'>): Promise<StoredFile> {
    await syncFolder(this.folder);
    const createdAt = Math.floor(this.now() / 1000);
    const kept = Math.min(expiresAfterS ?? this.limits.retentionS, this.limits.retentionS);
    const stored: StoredFile = { ...file, createdAt, expiresAt: createdAt + kept };
    await writeDurably(this.pathOf(file.id) + DESCRIPTION, JSON.stringify(stored), 0o600);
    this.add(stored);
    return stored;
  }

  /** @throws {Error} of the file system. */
  async remove(id: string): Promise<void> {
    // The description first: content without one is removed at the next start.
    await rm(this.pathOf(id) + DESCRIPTION, { force: true });
    this.count(this.files.get(id), -1);
    this.files.delete(id);
    await rm(this.pathOf(id), { force: true });
  }

  /** Removes the files whose time is over. @param isNeeded files that a batch still reads are kept until it has ended. */
  async removeExpired(isNeeded: (id: string) => boolean): Promise<void> {
    const now = this.now() / 1000;
    for (const { id, expiresAt } of [...this.files.values()]) {
      if (expiresAt <= now && !isNeeded(id)) await this.remove(id);
    }
  }

  /** Files of the owner that are being written take so many bytes more, or fewer. */
  grow(owner: string | null, bytes: number): void {
    this.taken += bytes;
    this.takenOf.set(owner, (this.takenOf.get(owner) ?? 0) + bytes);
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

  private add(file: StoredFile): void {
    this.count(this.files.get(file.id), -1);
    this.count(file, 1);
    this.files.set(file.id, file);
  }

  private count(file: StoredFile | undefined, sign: 1 | -1): void {
    if (file === undefined) return;
    const { bytes, owner } = file;
    this.grow(owner, sign * Math.max(bytes, LEAST_COUNTED));
  }
}

export function fileTooLarge({ maxFileBytes }: Pick<FileLimits, 'maxFileBytes'>): HotvecError {
  return new HotvecError('body_too_large', `The file is larger than ${maxFileBytes} bytes.`);
}

/** An error of the file system as the client is told it: which, but not where. */
export function asRefusal(error: unknown): unknown {
  const failure = storageFailure(error);
  if (failure === undefined) return error;
  return new HotvecError('insufficient_storage', `The server cannot store anything now (${failure}).`);
}
