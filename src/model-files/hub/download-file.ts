import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Clock, systemClock } from '../../clock.ts';
import { syncFolder } from '../../durable/sync-folder.ts';
import { writeAll } from '../../durable/write-all.ts';
import { StartError } from '../../errors.ts';
import { digestFile, FileDigest } from './file-digest.ts';
import { type HubFile, type HubResponse, RetryableError } from './hub.ts';
import { makeFolder } from './make-folder.ts';
import { claimPartial } from './partial-file.ts';
import { MAX_TRIES, type OnRetry, type Wait, waitAfter } from './retry.ts';

/** A try that brought this much was worth it: the count of failures starts again. */
const PROGRESS_BYTES = 1 << 20;
/** So few bytes in so long a time are not a download: a modem brings ten times as many. */
const WINDOW_MS = 60_000;
const LEAST_BYTES = 64 * 1024;

export interface DownloadOptions {
  file: HubFile;
  /** Where the verified file goes; its folder is made. */
  blob: string;
  /** Asks for the file's bytes from an offset on. */
  open: (offset: number) => Promise<HubResponse>;
  wait: Wait;
  /** Bytes of the file that are there now; fewer than before after a new start. */
  onBytes: (bytes: number) => void;
  onRetry: OnRetry;
  /** For the least speed; tests let it pass faster. */
  clock?: Pick<Clock, 'now'>;
}

/**
 * Downloads a file: resumes what an earlier run left, tries again after cuts, checks size and digest, and only then
 * gives the file its name (fsync, rename, fsync of the folder).
 *
 * @returns the file's SHA-256.
 * @throws {StartError} for a file that stays wrong or a hub that stays away.
 */
export async function downloadFile(options: DownloadOptions): Promise<string> {
  const { file, blob, onBytes } = options;
  await makeFolder(path.dirname(blob));
  const partial = await claimPartial(blob);
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    for (let isRetry = false; ; isRetry = true) {
      const { sha256, isPublished } = (await fill(handle, partial, options)).finish();
      if (isPublished) {
        await handle.sync();
        await handle.close();
        await rename(partial, blob).catch(async (error) => {
          // Windows does not replace a file that another process has open: then it is there, and verified by that one.
          if ((await stat(blob).catch(() => null))?.size !== file.size) throw error;
          await rm(partial, { force: true });
        });
        await syncFolder(path.dirname(blob));
        return sha256;
      }
      // Not what was published: none of it is worth keeping. What an earlier run left may be to blame, once.
      await handle.truncate(0);
      onBytes(0);
      if (isRetry) {
        await handle.close();
        await rm(partial, { force: true });
        throw new StartError(
          `${file.path} was downloaded twice with bytes that do not match its ${file.algorithm} ${file.digest}, and was deleted. Try another network or mirror (HF_ENDPOINT, MODEL_SOURCE), and tell the model's publisher.`,
        );
      }
    }
  } finally {
    // Closed already where it succeeded.
    await handle.close().catch(() => {});
  }
}

/** Gets whatever the partial lacks. */
async function fill(handle: FileHandle, partial: string, options: DownloadOptions): Promise<FileDigest> {
  const { file, wait, onBytes, onRetry, clock = systemClock } = options;
  let digest = new FileDigest(file);
  let { size: have } = await handle.stat();
  const restart = async () => {
    await handle.truncate(0);
    digest = new FileDigest(file);
    have = 0;
    onBytes(0);
  };
  if (have > file.size) await restart();
  await digestFile(digest, partial, have);
  onBytes(have);
  let failures = 0;
  let best = have;
  while (have < file.size) {
    try {
      const response = await options.open(have);
      if (response.status === 416 || (have > 0 && !continues(response, have))) await restart();
      if (response.status !== 416) {
        checkSize(response, file);
        const check = checkSpeed(file.path, clock);
        for await (const bytes of response.body) {
          if (have + bytes.length > file.size) throw sizeError(file, 'more');
          // At its place, not at the end: should two processes ever share a partial, they write the same bytes.
          await writeAll(handle, bytes, have);
          digest.update(bytes);
          have += bytes.length;
          onBytes(have);
          if (have < file.size) check(bytes.length);
        }
      }
      if (have < file.size) {
        const reason = `the connection closed after ${have} of ${file.size} bytes`;
        throw new RetryableError(
          reason,
          `${file.path}: ${reason}, repeatedly. Run the same command again; it resumes.`,
        );
      }
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      if (have >= best + PROGRESS_BYTES) failures = 0;
      best = Math.max(best, have);
      failures += 1;
      if (failures >= MAX_TRIES) throw new StartError(error.advice);
      await waitAfter(failures, error, wait, onRetry);
    }
  }
  return digest;
}

/** Whether the answer begins where it was asked to; a server without ranges begins at the start, with status 200. */
function continues(response: HubResponse, offset: number): boolean {
  if (response.status !== 206) return false;
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (start === undefined || Number(start) === offset) return true;
  const reason = `requested bytes from ${offset}, but the server sent bytes from ${start}`;
  throw new RetryableError(reason, `${reason}. Try another mirror.`);
}

/**
 * Notices a server that sends just enough not to be silent.
 * @returns to be called for each piece that came; throws {RetryableError} for a minute with less than 64 KiB.
 */
function checkSpeed(file: string, clock: Pick<Clock, 'now'>): (bytes: number) => void {
  let start = clock.now();
  let bytes = 0;
  return (more) => {
    bytes += more;
    if (clock.now() - start < WINDOW_MS) return;
    if (bytes < LEAST_BYTES) {
      const reason = `only ${bytes} bytes arrived in a minute`;
      throw new RetryableError(
        reason,
        `${file}: ${reason}, repeatedly. Try another network or mirror (HF_ENDPOINT, MODEL_SOURCE); the same command resumes the download.`,
      );
    }
    start = clock.now();
    bytes = 0;
  };
}

/** Refuses a wrong file before its gigabytes are read. */
function checkSize({ status, headers }: HubResponse, file: HubFile): void {
  const length =
    status === 206 ? /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] : headers.get('content-length');
  if (length !== undefined && length !== null && Number(length) !== file.size) throw sizeError(file, `${length} bytes`);
}

function sizeError(file: HubFile, found: string): StartError {
  return new StartError(
    `${file.path} should have ${file.size} bytes, but the server sends ${found}. Try again later, or use another mirror (HF_ENDPOINT, MODEL_SOURCE).`,
  );
}
