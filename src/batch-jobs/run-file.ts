import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../durable/sync-folder.ts';
import { writeDurably } from '../durable/write-durably.ts';
import { StartError } from '../errors.ts';
import { fileKind } from '../file-kind.ts';
import { BATCH_ENDPOINTS, type BatchEndpoint, type BatchProblem, type LineCounts } from './batch-job.ts';
import { LineJournal } from './line-journal.ts';
import type { LineService } from './line-service.ts';
import { LockFile } from './lock-file.ts';
import { type AnsweredLine, readOutputLine } from './output-line.ts';
import { readLines } from './read-lines.ts';
import { runLines } from './run-lines.ts';
import type { StorageWatch } from './until-stored.ts';
import { type InputLimits, validateInput } from './validate-input.ts';

export interface FileRun extends StorageWatch {
  input: string;
  output: string;
  /** Lines with an error; the same as `output`: they are there, too. */
  errors: string;
  /** Replace what is there, also a part of another run; what is there of this one is continued. */
  overwrite: boolean;
  limits: InputLimits;
  service: LineService;
  onProgress: (counts: LineCounts) => void;
}

/** How it ended; `isWhole: false`: the signal came first, and the same run goes on. */
export type FileRunEnd = ({ isWhole: boolean } & LineCounts) | { problems: BatchProblem[] };

/** What the answers of a run that was interrupted depend on. */
interface RunState {
  inputSha256: string;
  model: string;
  fingerprint: string | null;
  /** Lines with an error are in the output, or not. */
  hasErrorFile: boolean;
}

/**
 * Answers the lines of a file as a batch of the server, without one. Until all are answered, output and errors are called
 * `.partial`; a run that was interrupted goes on there, and gives the same bytes as one that was not.
 * @throws {StartError} output is there already, or written by another process, or a part of it of another input or model; {Error} of the file system.
 */
export async function runFile(run: FileRun): Promise<FileRunEnd> {
  checkFiles(run);
  const lock = new AbortController();
  const held = await LockFile.take(`${partial(run.output)}.lock`, {
    inUse: (processId) => `Process ${processId} writes ${run.output} already.`,
    onLost: () => lock.abort(),
  });
  try {
    return await runAlone({ ...run, signal: AbortSignal.any([run.signal, lock.signal]) });
  } finally {
    held.release();
  }
}

async function runAlone(run: FileRun): Promise<FileRunEnd> {
  const { input, output, errors, overwrite, limits, service, signal } = run;
  const places = [...new Set([output, errors])];
  const endpoint = await endpointOf(input, limits.maxLineBytes);
  const found = await validateInput(input, { endpoint, limits, service, signal });
  // What was read so far is not the file, neither empty nor as short as it looks.
  if (signal.aborted) return { isWhole: false, total: 0, completed: 0, failed: 0 };
  if ('problems' in found) return found;
  const { name: model, fingerprint } = found.model;
  const state: RunState = { inputSha256: await sha256Of(input), model, fingerprint, hasErrorFile: errors !== output };
  const idPrefix = `batch_req_${state.inputSha256.slice(0, 20)}_`;
  await takeUp(output, places, { state, overwrite, idPrefix });
  const journal = await LineJournal.open({ output: partial(output), errors: partial(errors) }, idPrefix);
  const counts = (): LineCounts => ({ ...journal.counts, total: found.total });
  try {
    run.onProgress(counts());
    const counted = {
      get next() {
        return journal.next;
      },
      append: async (lines: readonly AnsweredLine[]) => {
        await journal.append(lines);
        run.onProgress(counts());
      },
    };
    await runLines({
      ...run,
      inputFile: input,
      endpoint,
      maxLineBytes: limits.maxLineBytes,
      idPrefix,
      owner: null,
      fingerprint,
      windowTokens: service.windowTokensOf(model),
      journal: counted,
    });
  } finally {
    await journal.close();
  }
  if (journal.next <= found.total) return { isWhole: false, ...counts() };
  for (const place of places) {
    const isEmpty = place !== output && journal.errorBytes === 0;
    if (isEmpty) await rm(partial(place));
    else await rename(partial(place), place);
    await syncFolder(path.dirname(place));
  }
  // Last: while it is there, what has its name already is taken up again.
  await rm(stateOf(output));
  return { isWhole: true, ...counts() };
}

function partial(file: string): string {
  return `${file}.partial`;
}

/** Where it is written what the run depends on. */
function stateOf(output: string): string {
  return `${partial(output)}.json`;
}

/**
 * Sees that a run can begin, before a model is loaded for it.
 * @throws {StartError} which file is not there, or is there already.
 */
export function checkFiles({
  input,
  output,
  errors,
  overwrite,
}: Pick<FileRun, 'input' | 'output' | 'errors' | 'overwrite'>): void {
  const kind = fileKind(input);
  if (kind !== 'file')
    throw new StartError(`${input} is ${kind === 'absent' ? 'not there' : `a ${kind}`}; expected a file.`);
  for (const place of [output, errors]) {
    // A run that was killed while its files were given their names goes on, too: see `takeUp`.
    const isNamed = fileKind(stateOf(output)) === 'file' && fileKind(partial(place)) === 'absent';
    checkPlace(place, overwrite || isNamed);
    if (isSameFile(place, input)) throw new StartError(`${place} is the input; name another file to write.`);
  }
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((file) => statSync(file, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function checkPlace(file: string, overwrite: boolean): void {
  const folder = path.dirname(file);
  if (fileKind(folder) !== 'folder') throw new StartError(`There is no folder ${folder} for ${path.basename(file)}.`);
  const kind = fileKind(file);
  if (kind === 'absent' || (kind === 'file' && overwrite)) return;
  if (kind === 'file') throw isThere(file);
  throw new StartError(`${file} is a ${kind}; expected a file.`);
}

function isThere(file: string): StartError {
  return new StartError(`${file} exists. Name another file, or replace it with --overwrite.`);
}

/** Sees that what is there of an interrupted run is of this one; what was given its name already is `.partial` again. */
async function takeUp(
  output: string,
  places: readonly string[],
  { state, overwrite, idPrefix }: { state: RunState; overwrite: boolean; idPrefix: string },
): Promise<void> {
  const stateFile = stateOf(output);
  const text = await readFile(stateFile, 'utf8').catch(() => '');
  const isSame = text === JSON.stringify(state);
  const left = places.map(partial).filter((place) => fileKind(place) !== 'absent');
  if (left.length > 0 && !isSame && !overwrite) {
    throw new StartError(
      `${left[0]} is of a run with another input, another model, or other files for errors. Begin anew with --overwrite, or name another output.`,
    );
  }
  for (const place of places) {
    if (fileKind(partial(place)) !== 'absent' || fileKind(place) !== 'file') continue;
    if (isSame && (await isOf(place, idPrefix))) await rename(place, partial(place));
    else if (!overwrite) throw isThere(place);
  }
  if (!isSame) for (const file of left) await rm(file);
  if (!isSame) await writeDurably(stateFile, JSON.stringify(state), 0o600);
}

/** Whether a file has answers of the run, or nothing that could be lost. */
async function isOf(file: string, idPrefix: string): Promise<boolean> {
  for await (const { bytes } of readLines(file, Number.POSITIVE_INFINITY)) {
    return readOutputLine(bytes, idPrefix) !== undefined;
  }
  return true;
}

/** What the first line asks; what is wrong with it, the validation says. */
async function endpointOf(input: string, maxBytes: number): Promise<BatchEndpoint> {
  for await (const { bytes } of readLines(input, maxBytes)) {
    const url = urlOf(bytes);
    return BATCH_ENDPOINTS.find((endpoint) => endpoint === url) ?? BATCH_ENDPOINTS[0];
  }
  return BATCH_ENDPOINTS[0];
}

function urlOf(line: Buffer): unknown {
  try {
    return (JSON.parse(line.toString('utf8')) as { url?: unknown } | null)?.url;
  } catch {
    return undefined;
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
