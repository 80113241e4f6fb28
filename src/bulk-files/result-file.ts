import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../durable/sync-folder.ts';
import { writeAll } from '../durable/write-all.ts';
import { StartError } from '../errors.ts';
import { fileKind } from '../file-kind.ts';
import { fileError } from './file-error.ts';
import type { ResultRow } from './rows.ts';

/** Small pieces go to the disk together. */
const BUFFER_BYTES = 1 << 20;
/** Beside the file itself: only within a disk is a rename one step. The same at every run, so that none pile up. */
const UNFINISHED = '.unfinished';

/** A place of the file that grows. */
export interface Appender {
  /** Where the next byte goes. */
  position: () => number;
  append: (...pieces: ArrayBufferView[]) => Promise<void>;
}

/** A file that has another name until it is whole. All throw a {@link StartError} for a full disk and the like. */
export interface ResultFile {
  /** Begins to write at a place; several may grow at the same time, and must not meet. */
  appendAt: (position: number) => Appender;
  /** Writes what is buffered, and waits until it is on the disk. */
  settle: () => Promise<void>;
  /** Gives the file, settled, its name; an older file of that name is replaced. */
  publish: () => Promise<void>;
  /** Removes it, unless it has its name. */
  abandon: () => Promise<void>;
}

/** How rows become the bytes of a format. */
export interface ResultFormat {
  write: (rows: readonly ResultRow[]) => Promise<void>;
  /** Writes what is behind the last row. */
  end: () => Promise<void>;
}

/** @throws {StartError} for a folder that is not there or cannot be written to. */
export async function createResultFile(file: string): Promise<ResultFile> {
  if (fileKind(file) === 'folder') throw new StartError(`${file} cannot be written: it is a folder.`);
  const unfinished = `${file}${UNFINISHED}`;
  const named = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw fileError(error, file, 'written');
    }
  };
  const handle = await named(() => open(unfinished, 'w'));
  const appenders: BufferedAppender[] = [];
  let isOpen = true;
  const close = async () => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  const settle = () =>
    named(async () => {
      if (!isOpen) return;
      for (const appender of appenders) await appender.flush();
      await handle.sync();
      await close();
    });
  return {
    appendAt(position) {
      const appender = new BufferedAppender(handle, position);
      appenders.push(appender);
      return { position: () => appender.position(), append: (...pieces) => named(() => appender.append(pieces)) };
    },
    settle,
    async publish() {
      await named(() => rename(unfinished, file));
      await syncFolder(path.dirname(file));
    },
    async abandon() {
      await close();
      await rm(unfinished, { force: true });
    },
  };
}

class BufferedAppender {
  private readonly file: FileHandle;
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private used = 0;
  /** Of the buffer's first byte. */
  private start: number;

  constructor(file: FileHandle, position: number) {
    this.file = file;
    this.start = position;
  }

  position(): number {
    return this.start + this.used;
  }

  async append(pieces: readonly ArrayBufferView[]): Promise<void> {
    for (const { buffer, byteOffset, byteLength } of pieces) {
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      if (this.used + byteLength > BUFFER_BYTES) await this.flush();
      if (byteLength > BUFFER_BYTES) {
        await writeAll(this.file, bytes, this.start);
        this.start += byteLength;
      } else {
        this.buffer.set(bytes, this.used);
        this.used += byteLength;
      }
    }
  }

  async flush(): Promise<void> {
    await writeAll(this.file, this.buffer.subarray(0, this.used), this.start);
    this.start += this.used;
    this.used = 0;
  }
}
