import type { Readable } from 'node:stream';
import { createResultWriter, resultFilesOf } from '../bulk-files/create-result-writer.ts';
import type { OutputFormat, ResultValue, RowsRequest } from '../bulk-files/rows.ts';
import { packageVersion } from '../package-info.ts';
import { assemble } from './assemble.ts';
import { computeRows, type RunProgress } from './compute-rows.ts';
import type { Done } from './journal.ts';
import { type OpenInput, openInput } from './open-input.ts';
import { errorsFileOf, type OutputPlace, placeErrors, takeOutput } from './output-place.ts';
import type { ResultSource } from './result-source.ts';
import { checkConditions, type RunConditions, writeConditions } from './run-conditions.ts';
import type { Shard } from './shard.ts';
import { valueRecord } from './value-record.ts';
import { WorkFolder } from './work-folder.ts';

/** What a run is told, and what happens to it, for people. */
export interface BulkReports {
  onShard: (part: string) => void;
  /** @param total rows; null: they are not known before they are read. @param bytes of all inputs. */
  onBegin: (begin: { done: Done; total: number | null; bytes: number }) => void;
  onProgress: (progress: RunProgress) => void;
  /** All is computed; so many rows are in the output. */
  onAssembled: (written: { rows: number; of: number }) => void;
}

export interface BulkOptions {
  request: Omit<RowsRequest, 'spooledInput'>;
  output: string;
  format: OutputFormat;
  overwrite: boolean;
  /** Whether an output that is there is done. */
  skipExisting: boolean;
  /** What the column of results is called. */
  result: ResultValue['name'];
  shard: Shard | null;
  /** What the results depend on besides inputs and model, by flag. */
  flags: RunConditions['flags'];
  /** What else the output tells of itself, where it can. */
  metadata: Readonly<Record<string, string>>;
  /** What computes, and what comes of it. Opened when everything else was found to be right. */
  openSource: () => Promise<{ source: ResultSource; value: ResultValue }>;
  standardInput: Readable;
  signal: AbortSignal;
  reports: BulkReports;
}

/**
 * Computes every row of the inputs, and writes the output: a run that was interrupted goes on where it was.
 * @returns null: the output was there, and nothing was done.
 * @throws {StartError} why it cannot begin, or go on; what is done by then is kept. The signal's reason.
 */
export async function runBulk(options: BulkOptions): Promise<Done | null> {
  const place = await takeOutput(options);
  // What was begun, and what can be begun only once, is worth keeping.
  let keep = place.begun !== null;
  try {
    if (place.isDone) return null;
    const outputs = [...resultFilesOf(options), errorsFileOf(options.output)];
    const { onShard } = options.reports;
    const { rows, range } = await openInput({ ...options, outputs, folder: place.folder, onShard });
    const now = { version: packageVersion, flags: options.flags, inputs: rows.files };
    if (place.begun !== null) checkConditions(place.folder, place.begun, now);
    await tryOutput(options);
    const { source, value } = await unlessStopped(options.openSource(), options.signal);
    try {
      const conditions = { ...now, source: source.facts, replaces: place.replaces };
      if (place.begun !== null) checkConditions(place.folder, place.begun, conditions);
      else await writeConditions(place.folder, conditions);
      keep = true;
      const done = await computeAndWrite(options, { place, rows, range, source, value });
      keep = false;
      return done;
    } finally {
      await source.close();
    }
  } finally {
    await place.leave({ keep });
  }
}

/** Finds what is wrong with the output before anything is computed for it: names of columns, and the folder. */
async function tryOutput({ output, format, request, result }: BulkOptions): Promise<void> {
  const writer = await createResultWriter({
    output,
    format,
    id: { name: idNameOf(request), type: 'string' },
    kept: request.keep.map((name) => ({ name, type: 'string' })),
    value: result === 'score' ? { name: result } : { name: result, dimensions: 8, dtype: 'float' },
    count: 0,
    metadata: {},
  });
  await writer.abandon();
}

function idNameOf({ idColumn }: BulkOptions['request']): string {
  return idColumn ?? 'id';
}

/** Loading a model takes a minute, and cannot be stopped: its process ends with this one. */
async function unlessStopped<Value>(opening: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([opening, stopped]);
}

interface OpenRun extends OpenInput {
  place: OutputPlace;
  source: ResultSource;
  value: ResultValue;
}

async function computeAndWrite(options: BulkOptions, run: OpenRun): Promise<Done> {
  const { signal, reports, request, format, output } = options;
  const { place, rows, range, source, value } = run;
  const record = valueRecord(value);
  const work = await WorkFolder.open(place.folder, record.bytes);
  try {
    const total = Number.isFinite(range.count) ? range.count : rows.count;
    reports.onBegin({ done: work.done, total, bytes: rows.bytes });
    await computeRows({ rows, range, source, record, work, signal, onProgress: reports.onProgress });
    // Its memory is of no use any more, and the writer may need some.
    await source.close();
    const types = await rows.columnTypes();
    const { done } = work;
    const writer = await createResultWriter({
      output,
      format,
      id: { name: idNameOf(request), type: types.id },
      kept: request.keep.map((name, i) => ({ name, type: types.kept[i] ?? 'json' })),
      value,
      count: done.rows - done.failed,
      metadata: {
        hotvec: packageVersion,
        model: source.facts.model,
        fingerprint: source.facts.fingerprint,
        ...options.metadata,
      },
    });
    try {
      const onWritten = (written: number) => reports.onAssembled({ rows: written, of: done.rows });
      await assemble({ rows, range, record, work, writer, signal, onWritten });
      await placeErrors(place, work.failuresFile);
      await writer.finish();
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    return done;
  } finally {
    await work.close();
  }
}
