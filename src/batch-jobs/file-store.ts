import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../durable/sync-folder.ts';
import { writeDurably } from '../durable/write-durably.ts';
import { HotvecError } from '../errors.ts';
import { newId } from './batch-job.ts';
import { byAge, type ListPlace, RemovedPlaces } from './list-place.ts';
import { readRecord } from './read-record.ts';
import { asRefusal } from './storage-failure.ts';
import { type StorageLimits, StoredBytes } from './stored-bytes.ts';

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

export interface FileLimits extends StorageLimits {
  maxFileBytes: number;
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
export interface ReceivedFile extends Pick<StoredFile, 'id' | 'owner' | 'bytes'> {
  /** Bytes that it counts for until it is listed, or discarded: those that are there, and those that were promised. */
  counted: number;
}

/** So that a great many tiny files are bounded, too. */
const LEAST_COUNTED = 2 ** 16;
const DESCRIPTION = '.json';

/** Files on disk: the content under the id, and beside it what is known of it. Without the latter there is no such file. */
export class FileStore {
  /** Of all files, and of what is on its way. */
  readonly bytes: StoredBytes;
  private readonly folder: string;
  private readonly limits: FileLimits;
  /** Unix milliseconds. */
  private readonly now: () => number;
  private readonly files = new Map<string, StoredFile>();
  private readonly removed = new RemovedPlaces();

  private constructor(folder: string, limits: FileLimits, now: () => number) {
    this.folder = folder;
    this.limits = limits;
    this.bytes = new StoredBytes(limits);
    this.now = now;
  }

  /**
   * @param unfinished files that batches write over restarts, by id, and whose they are; all else that was not finished is
   * removed.
   * @throws {Error} of the file system.
   */
  static async open(
    folder: string,
    {
      limits,
      now,
      unfinished,
    }: { limits: FileLimits; now: () => number; unfinished: ReadonlyMap<string, string | null> },
  ): Promise<FileStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const store = new FileStore(folder, limits, now);
    const names = await readdir(folder);
    for (const name of names.filter((one) => one.endsWith(DESCRIPTION))) {
      store.add(await readRecord<StoredFile>(path.join(folder, name)));
    }
    for (const name of names) {
      const id = name.endsWith(DESCRIPTION) ? name.slice(0, -DESCRIPTION.length) : name;
      if (store.files.has(id)) continue;
      const owner = unfinished.get(name);
      if (owner === undefined) await rm(path.join(folder, name), { force: true });
      else store.bytes.setWritten(id, owner, (await stat(path.join(folder, name))).size);
    }
    return store;
  }

  get maxFileBytes(): number {
    return this.limits.maxFileBytes;
  }

  /** The files of an API key, oldest first. */
  list(owner: string | null): StoredFile[] {
    const own = [...this.files.values()].filter((file) => file.owner === owner);
    return own.sort(byAge);
  }

  /**
   * Where a file stands in lists, or stood: whoever pages through them may have removed it.
   * @returns undefined: there was never a file with this id.
   */
  placeOf(id: string): ListPlace | undefined {
    return this.files.get(id) ?? this.removed.placeOf(id);
  }

  /**
   * @param param what the id was sent as.
   * @throws {HotvecError} file_not_found, also for a file of somebody else.
   */
  find(id: string, owner: string | null, param = 'file_id'): StoredFile {
    const file = this.files.get(id);
    if (file !== undefined && file.owner === owner) return file;
    throw new HotvecError('file_not_found', 'There is no file with this id; it may have expired.', { param });
  }

  pathOf(id: string): string {
    return path.join(this.folder, id);
  }

  /**
   * Takes content to the disk, piece by piece. There is no such file before it is described, or else discarded.
   * @param promised bytes that will come, at most, where that is known: room for them is taken before the first comes, so that
   * of several that come at once those have it that were first, and not each a part of what it needs. 0: it is not known.
   * @throws {HotvecError} body_too_large, insufficient_storage; what the content throws. Nothing is left then.
   */
  async receive(owner: string | null, content: AsyncIterable<Buffer>, promised = 0): Promise<ReceivedFile> {
    const received = { id: newId('file-', this.now()), owner, bytes: 0, counted: 0 };
    this.countUpTo(Math.min(promised, this.limits.maxFileBytes), received);
    try {
      const handle = await open(this.pathOf(received.id), 'wx', 0o600);
      try {
        for await (const chunk of content) {
          if (received.bytes + chunk.length > this.limits.maxFileBytes) throw fileTooLarge(this.limits);
          this.countUpTo(received.bytes + chunk.length, received);
          received.bytes += chunk.length;
          await handle.writeFile(chunk);
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      // The form around it was promised, too.
      const counted = countOf(received.bytes);
      this.bytes.add(counted - received.counted, owner);
      return { ...received, counted };
    } catch (error) {
      await this.discard(received);
      throw asRefusal(error);
    }
  }

  /** Lists what was received. @throws {HotvecError} insufficient_storage: nothing is left then. */
  async keep(received: ReceivedFile, file: NewFile): Promise<StoredFile> {
    try {
      return await this.describe({ ...file, ...received, purpose: 'batch' });
    } catch (error) {
      await this.discard(received);
      throw asRefusal(error);
    }
  }

  /** Removes what was received. */
  async discard({ id, owner, counted }: ReceivedFile): Promise<void> {
    this.bytes.add(-counted, owner);
    // What cannot be removed now, is at the next start.
    await rm(this.pathOf(id), { force: true }).catch(() => {});
  }

  /**
   * Lists a file whose content is there, under its id.
   * @param file with what it counted for so far.
   * @throws {Error} of the file system.
   */
  async describe({
    expiresAfterS,
    counted = 0,
    ...file
  }: NewFile & Pick<StoredFile, 'id' | 'bytes' | 'purpose'> & { counted?: number }): Promise<StoredFile> {
    await syncFolder(this.folder);
    const createdAt = Math.floor(this.now() / 1000);
    const kept = Math.min(expiresAfterS ?? this.limits.retentionS, this.limits.retentionS);
    const stored: StoredFile = { ...file, createdAt, expiresAt: createdAt + kept };
    await writeDurably(this.pathOf(file.id) + DESCRIPTION, JSON.stringify(stored), 0o600);
    this.bytes.add(-counted, stored.owner);
    this.add(stored);
    return stored;
  }

  /** @throws {Error} of the file system. */
  async remove(id: string): Promise<void> {
    // The description first: content without one is removed at the next start.
    await rm(this.pathOf(id) + DESCRIPTION, { force: true });
    const file = this.files.get(id);
    this.count(file, -1);
    this.files.delete(id);
    if (file !== undefined) this.removed.remember(file);
    await rm(this.pathOf(id), { force: true });
  }

  /** Removes the files whose time is over. @param isNeeded files that a batch still reads are kept until it has ended. */
  async removeExpired(isNeeded: (id: string) => boolean): Promise<void> {
    const now = this.now() / 1000;
    for (const { id, expiresAt } of [...this.files.values()]) {
      if (expiresAt <= now && !isNeeded(id)) await this.remove(id);
    }
  }

  /**
   * Sees that what is received counts for so many bytes at least.
   * @throws {HotvecError} insufficient_storage.
   */
  private countUpTo(bytes: number, received: ReceivedFile): void {
    const more = countOf(bytes) - received.counted;
    if (more <= 0) return;
    this.bytes.checkRoom(more, received.owner);
    this.bytes.add(more, received.owner);
    received.counted += more;
  }

  private add(file: StoredFile): void {
    this.bytes.setWritten(file.id, file.owner, 0);
    this.count(this.files.get(file.id), -1);
    this.count(file, 1);
    this.files.set(file.id, file);
  }

  private count(file: StoredFile | undefined, sign: 1 | -1): void {
    if (file === undefined) return;
    const { bytes, owner } = file;
    this.bytes.add(sign * countOf(bytes), owner);
  }
}

function countOf(bytes: number): number {
  return Math.max(bytes, LEAST_COUNTED);
}

export function fileTooLarge({ maxFileBytes }: Pick<FileLimits, 'maxFileBytes'>): HotvecError {
  return new HotvecError('body_too_large', `The file is larger than ${maxFileBytes} bytes.`);
}
