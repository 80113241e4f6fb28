import { createWriteStream } from 'node:fs';
import { realpath, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openRows } from '../bulk-files/open-rows.ts';
import type { RowSource, RowsRequest } from '../bulk-files/rows.ts';
import { syncFolder } from '../durable/sync-folder.ts';
import { StartError } from '../errors.ts';
import { ALL_ROWS, filesOfShard, type RowRange, rowsOfShard, type Shard } from './shard.ts';

/** The rows of a run. */
export interface OpenInput {
  rows: RowSource;
  /** Those of them that are this run's. */
  range: RowRange;
}

export interface InputOptions {
  request: Omit<RowsRequest, 'spooledInput'>;
  shard: Shard | null;
  /** Files that the run writes. */
  outputs: readonly string[];
  standardInput: Readable;
  /** Where standard input is kept. */
  folder: string;
  signal: AbortSignal;
  onShard: (part: string) => void;
}

/** @throws {StartError} what cannot be read; the signal's reason. */
export async function openInput({
  request,
  shard,
  outputs,
  standardInput,
  folder,
  signal,
  onShard,
}: InputOptions): Promise<OpenInput> {
  const isSpooled = request.inputs.includes('-');
  const spooledInput = isSpooled ? await spoolInput(folder, standardInput, signal) : undefined;
  const rows = await openRows({ ...request, spooledInput });
  await refuseOutputs(rows.files, outputs);
  if (shard === null) return { rows, range: ALL_ROWS };
  const files = filesOfShard(rows.files, shard);
  if (files !== null) {
    onShard(
      `${files.length} of ${rows.files.length} files: there is one for each shard, and rows are numbered within it`,
    );
    return { rows: await openRows({ ...request, inputs: files.map((file) => file.path) }), range: ALL_ROWS };
  }
  const range = await rowsOfShard(rows, shard, signal);
  onShard(`${range.count} rows from ${range.first} on: there are fewer files than shards`);
  return { rows, range };
}

/**
 * An input that the run writes would be lost, and a glob may find what an earlier run wrote.
 * @throws {StartError} one of the files is an output.
 */
async function refuseOutputs(files: RowSource['files'], outputs: readonly string[]): Promise<void> {
  const written = new Set<string>();
  for (const output of outputs) written.add(await realpath(output).catch(() => path.resolve(output)));
  for (const file of files) {
    if (!written.has(await realpath(file.path))) continue;
    throw new StartError(
      `${file.path} is an input, and this run would write to it. Name other inputs, or another output.`,
    );
  }
}

/**
 * Keeps standard input in a file, whole: it is read twice, and once more by a run that goes on, which asks for no other.
 * @returns the file.
 */
async function spoolInput(folder: string, input: Readable, signal: AbortSignal): Promise<string> {
  const file = path.join(folder, 'input');
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
  if (found !== null) return file;
  await pipeline(input, createWriteStream(`${file}.new`, { flush: true }), { signal });
  await rename(`${file}.new`, file);
  await syncFolder(folder);
  return file;
}
