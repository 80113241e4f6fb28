import type { RowSource } from '../bulk-files/rows.ts';
import { CallQueue } from './call-queue.ts';
import { KnownTexts } from './known-texts.ts';
import { finishWindow, type OpenWindow, openWindow } from './open-window.ts';
import type { ResultSource } from './result-source.ts';
import { type RowWindow, readWindows, type WindowLimits } from './row-windows.ts';
import type { RowRange } from './shard.ts';
import { DIGEST_BYTES, NO_DIGEST } from './text-digest.ts';
import type { ValueRecord } from './value-record.ts';
import type { WorkFolder } from './work-folder.ts';

/** Windows that are read and not written: one computing, one behind it, one being written. */
const MOST_OPEN = 3;
/** What a window may have, however fast the source is: memory stays flat. */
const MOST_ROWS = 16_384;
const MOST_VALUE_BYTES = 32 * 2 ** 20;
const MOST_TEXT_BYTES = 4 * 2 ** 20;

/** How far a run is. */
export interface RunProgress {
  /** Rows that are done, those of earlier runs included, and what became of them. */
  rows: number;
  failed: number;
  shared: number;
  /** Bytes of the inputs up to there. */
  bytesRead: number;
  /** Computed by this process, also of windows that are not done. */
  tokens: number;
}

export interface ComputeOptions {
  rows: RowSource;
  range: RowRange;
  source: ResultSource;
  record: ValueRecord;
  work: WorkFolder;
  signal: AbortSignal;
  onProgress: (progress: RunProgress) => void;
}

/**
 * Computes all rows that are not done, window after window: while one is computed, the next is read and tokenized, and the one
 * before is written.
 * @throws {StartError}; the signal's reason. What was written stays.
 */
export async function computeRows({
  rows,
  range,
  source,
  record,
  work,
  signal,
  onProgress,
}: ComputeOptions): Promise<void> {
  const open: RowWindow[] = [];
  const known = new KnownTexts({
    hasDigest(row, digest) {
      const window = open.findLast(({ first }) => first <= row);
      if (window === undefined) return work.hasDigest(row, digest);
      const at = (row - window.first) * DIGEST_BYTES;
      return window.digests.subarray(at, at + DIGEST_BYTES).equals(digest);
    },
  });
  await learn(known, work);

  let tokens = 0;
  /** Of the windows that are written. */
  let tokensBefore = 0;
  let bytesRead = 0;
  const report = () => onProgress({ ...work.done, bytesRead, tokens });
  const queue = new CallQueue({
    source,
    signal,
    onComputed(call) {
      tokens += call.tokens;
      report();
    },
  });
  const limits = (): WindowLimits => ({
    rows: Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_VALUE_BYTES / record.bytes))),
    bytes: Math.min(MOST_TEXT_BYTES, source.load.tokensPerWindow * queue.bytesPerToken),
  });

  const first = work.done.rows;
  const read = rows.rows(range.first + first);
  const windows = readWindows({
    rows: read,
    first,
    count: range.count - first,
    limits,
    bytesRead: rows.bytesRead,
  });
  /** One after the other: each is done when all before it are. */
  const writing: Promise<void>[] = [];
  const write = async (opened: OpenWindow, before: Promise<void> | undefined): Promise<void> => {
    await before;
    const done = await finishWindow(opened, { record, work, queue });
    signal.throwIfAborted();
    await work.append({ ...done, tokens: tokens - tokensBefore });
    tokensBefore = tokens;
    open.shift();
    bytesRead = opened.window.bytesRead;
    report();
  };
  try {
    for await (const window of windows) {
      signal.throwIfAborted();
      open.push(window);
      const written = write(openWindow(window, known, queue), writing.at(-1));
      // It is awaited when there is no room for another.
      written.catch(() => {});
      writing.push(written);
      if (writing.length === MOST_OPEN) await writing.shift();
    }
    await writing.at(-1);
  } finally {
    await read.return(undefined);
  }
}

/** Texts that earlier runs computed. */
async function learn(known: KnownTexts, work: WorkFolder): Promise<void> {
  for await (const { first, digests } of work.digests()) {
    for (let i = 0; i < digests.length / DIGEST_BYTES; i++) {
      const digest = digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES);
      if (!digest.equals(NO_DIGEST) && known.find(digest) === undefined) known.add(digest, first + i);
    }
  }
}
