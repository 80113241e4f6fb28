import type { RowSource } from '../bulk-files/rows.ts';
import { CallQueue } from './call-queue.ts';
import { KnownTexts } from './known-texts.ts';
import { finishWindow, type OpenWindow, openWindow } from './open-window.ts';
import type { ResultSource, SourceLoad } from './result-source.ts';
import { type RowWindow, readWindows, type WindowLimits } from './row-windows.ts';
import type { RowRange } from './shard.ts';
import { DIGEST_BYTES, NO_DIGEST } from './text-digest.ts';
import type { ValueRecord } from './value-record.ts';
import type { WorkFolder } from './work-folder.ts';

/** Windows that are read and not written: one computing, one behind it, one being written. */
const MOST_OPEN = 3;
const MIB = 2 ** 20;
/** Calls at once for which the smallest bounds have room to spare: of an engine, or of 32 servers. */
const FEW_CALLS = 96;
/** What a window may have for these, however fast they are. */
const FEW = { rows: 16_384, valueBytes: 32 * MIB, textBytes: 4 * MIB };
/** And for any number of servers: enough that a thousand hold two requests each of 1,024 float32 a text, and memory stays flat. */
const MOST = { rows: 262_144, valueBytes: 256 * MIB, textBytes: 128 * MIB };

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
  const limits = () => windowLimits(source.load, record.bytes, queue.bytesPerToken);

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

/**
 * How much a window may have: what the source takes in about a second, within bounds that grow with the calls it takes at once.
 * @param recordBytes of a row's result.
 * @param bytesPerToken UTF-8 bytes.
 */
function windowLimits(
  { calls, tokensPerWindow }: SourceLoad,
  recordBytes: number,
  bytesPerToken: number,
): WindowLimits {
  const scale = Math.max(1, calls / FEW_CALLS);
  const within = (name: keyof typeof FEW) => Math.min(MOST[name], FEW[name] * scale);
  const rows = Math.min(within('rows'), within('valueBytes') / recordBytes);
  return {
    rows: Math.max(1, Math.floor(rows)),
    bytes: Math.min(within('textBytes'), tokensPerWindow * bytesPerToken),
  };
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
