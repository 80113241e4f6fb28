import { readSync } from 'node:fs';
import { type FileHandle, readFile } from 'node:fs/promises';
import path from 'node:path';
import { openOrMake } from '../durable/open-or-make.ts';
import { syncFolder } from '../durable/sync-folder.ts';
import { writeAll } from '../durable/write-all.ts';
import { StartError } from '../errors.ts';
import { checksumOf, type Done, type JournalEntry, journalLine, NOTHING_DONE, readJournal } from './journal.ts';
import { DIGEST_BYTES } from './text-digest.ts';

/** Rows that are computed, in input order. */
export interface DoneWindow {
  rows: number;
  /** A record each. Of a row that failed: zeros. */
  values: Buffer;
  /** A digest each; `NO_DIGEST` of a row that failed. */
  digests: Buffer;
  /** JSON lines of the rows that failed. */
  failures: Buffer;
  failed: number;
  shared: number;
  tokens: number;
}

/** What is read again of a window. */
export interface StoredWindow {
  rows: number;
  values: Buffer;
  digests: Buffer;
}

const NAMES = ['values', 'digests', 'failures', 'journal'] as const;
type Files = Record<(typeof NAMES)[number], FileHandle>;

/** Rows whose digests are read at a time: a MiB. */
const DIGESTS_PER_READ = 65_536;

/**
 * What a run has computed so far, in files beside its output: records of one size, appended in input order, and a journal that
 * says up to where they are whole. A line of the journal is written when what it tells is on the disk, so that after a loss of
 * power nothing is believed that is not there.
 */
export class WorkFolder {
  private readonly folder: string;
  private readonly recordBytes: number;
  private readonly files: Files;
  private readonly journal: JournalEntry[];
  private journalBytes: number;

  private constructor(folder: string, recordBytes: number, files: Files, journal: JournalEntry[]) {
    this.folder = folder;
    this.recordBytes = recordBytes;
    this.files = files;
    this.journal = journal;
    this.journalBytes = Buffer.byteLength(journal.map(journalLine).join(''));
  }

  /** Opens what a run left in `folder`, or begins. What is not whole is forgotten. */
  static async open(folder: string, recordBytes: number): Promise<WorkFolder> {
    const files = {} as Files;
    for (const name of NAMES) files[name] = await openOrMake(path.join(folder, name));
    const journal = readJournal(await readFile(path.join(folder, 'journal'), 'utf8'));
    const work = new WorkFolder(folder, recordBytes, files, journal);
    // A disk may have lost what it said that it had.
    while (journal.length > 0 && !(await work.isWhole(journal.length - 1))) journal.pop();
    await work.cutOff();
    await syncFolder(folder);
    return work;
  }

  /** What is done. */
  get done(): Done {
    return this.journal.at(-1) ?? NOTHING_DONE;
  }

  get windows(): number {
    return this.journal.length;
  }

  /** Appends a window, and resolves when it would survive a loss of power. */
  async append(window: DoneWindow): Promise<void> {
    const { values, digests, failures, journal } = this.files;
    const { done } = this;
    await this.write('values', window.values, done.rows * this.recordBytes);
    await this.write('digests', window.digests, done.rows * DIGEST_BYTES);
    await this.write('failures', window.failures, done.failureBytes);
    await Promise.all([values, digests, failures].map((file) => file.datasync()));
    const entry = {
      rows: done.rows + window.rows,
      failed: done.failed + window.failed,
      shared: done.shared + window.shared,
      tokens: done.tokens + window.tokens,
      failureBytes: done.failureBytes + window.failures.length,
      checksum: checksumOf([window.values, window.digests, window.failures]),
    };
    const line = Buffer.from(journalLine(entry));
    await this.write('journal', line, this.journalBytes);
    await journal.datasync();
    this.journal.push(entry);
    this.journalBytes += line.length;
  }

  /** Whether a row that is done has that digest. */
  hasDigest(row: number, digest: Buffer): boolean {
    const found = Buffer.alloc(DIGEST_BYTES);
    readSync(this.files.digests.fd, found, 0, DIGEST_BYTES, row * DIGEST_BYTES);
    return found.equals(digest);
  }

  /** Copies the record of a row that is done to `target`. */
  copyValue(row: number, target: Buffer): void {
    // The page cache has it, or the disk: a dozen microseconds at the worst, and fewer than a promise costs.
    readSync(this.files.values.fd, target, 0, this.recordBytes, row * this.recordBytes);
  }

  /** Digests of the rows that are done, some at a time. */
  async *digests(): AsyncGenerator<{ first: number; digests: Buffer }> {
    const { rows } = this.done;
    for (let first = 0; first < rows; first += DIGESTS_PER_READ) {
      const count = Math.min(DIGESTS_PER_READ, rows - first);
      yield { first, digests: await this.read('digests', first * DIGEST_BYTES, count * DIGEST_BYTES) };
    }
  }

  /**
   * What a window added, in the order in which they were written.
   * @throws {StartError} it is not what was written.
   */
  async readWindow(index: number): Promise<StoredWindow> {
    const stored = await this.load(index);
    if (stored !== null) return stored;
    throw new StartError(
      `What was computed is damaged: ${this.folder} does not have its checksums. Begin anew with --overwrite.`,
    );
  }

  /** The JSON lines of the rows that failed. */
  get failuresFile(): string {
    return path.join(this.folder, 'failures');
  }

  async close(): Promise<void> {
    for (const file of Object.values(this.files)) await file.close();
  }

  private async isWhole(index: number): Promise<boolean> {
    return (await this.load(index)) !== null;
  }

  /** null: the checksum is another. */
  private async load(index: number): Promise<StoredWindow | null> {
    const before = this.journal[index - 1] ?? NOTHING_DONE;
    const after = this.journal[index] as JournalEntry;
    const rows = after.rows - before.rows;
    const values = await this.read('values', before.rows * this.recordBytes, rows * this.recordBytes);
    const digests = await this.read('digests', before.rows * DIGEST_BYTES, rows * DIGEST_BYTES);
    const failures = await this.read('failures', before.failureBytes, after.failureBytes - before.failureBytes);
    return checksumOf([values, digests, failures]) === after.checksum ? { rows, values, digests } : null;
  }

  private async cutOff(): Promise<void> {
    const { values, digests, failures, journal } = this.files;
    const { rows, failureBytes } = this.done;
    this.journalBytes = Buffer.byteLength(this.journal.map(journalLine).join(''));
    await values.truncate(rows * this.recordBytes);
    await digests.truncate(rows * DIGEST_BYTES);
    await failures.truncate(failureBytes);
    await journal.truncate(this.journalBytes);
  }

  /** Shorter where the file ends before. */
  private async read(name: keyof Files, position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    let read = 0;
    for (let more = -1; read < length && more !== 0; read += more) {
      more = (await this.files[name].read(buffer, read, length - read, position + read)).bytesRead;
    }
    return buffer.subarray(0, read);
  }

  private async write(name: keyof Files, bytes: Buffer, position: number): Promise<void> {
    try {
      await writeAll(this.files[name], bytes, position);
    } catch (error) {
      // For the line that tells it: errors of handles name no file.
      throw Object.assign(error as Error, { path: path.join(this.folder, name) });
    }
  }
}
