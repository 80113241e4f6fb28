import { rm } from 'node:fs/promises';
import type { Clock } from '../clock.ts';
import type { OnBatchEvent } from './batch-events.ts';
import { type BatchJob, lineIdPrefix, reach } from './batch-job.ts';
import { journalFiles } from './batch-progress.ts';
import type { FileStore } from './file-store.ts';
import type { JobStore } from './job-store.ts';
import { LineJournal } from './line-journal.ts';
import type { LineService } from './line-service.ts';
import type { AnsweredLine } from './output-line.ts';
import { refuseLines, runLines } from './run-lines.ts';
import { untilStored } from './until-stored.ts';
import { type InputLimits, type ValidatedInput, validateInput } from './validate-input.ts';

/** What batches are run with. */
export interface JobTools {
  jobs: JobStore;
  files: FileStore;
  limits: InputLimits;
  service: LineService;
  clock: Clock;
  /** Unix milliseconds. */
  now: () => number;
  /** Aborted when the server stops: whatever is not done is done after the next start. */
  stop: AbortSignal;
  onEvent: OnBatchEvent;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const EXPIRED = 'This request could not be executed before the completion window expired.';

/** Reads the whole input of a batch: it is in progress then, or has failed. */
export async function validateJob({ id, endpoint, inputFileId }: BatchJob, tools: JobTools): Promise<void> {
  const { jobs, files, limits, service, now, stop: signal, onEvent } = tools;
  const options = { endpoint, limits, service, signal };
  const found = await validateInput(files.pathOf(inputFileId), options).catch(asProblem);
  if (signal.aborted) return;
  await store(id, tools, async () => {
    const job = await jobs.update(id, (before) => {
      // It was cancelled meanwhile.
      if (before.status !== 'validating') return undefined;
      if ('problems' in found) return { ...reach(before, 'failed', now()), problems: found.problems };
      const { name: model, fingerprint } = found.model;
      const counts = { total: found.total, completed: 0, failed: 0 };
      return { ...reach(before, 'in_progress', now()), model, fingerprint, counts };
    });
    if (job.status === 'failed') onEvent({ kind: 'ended', job });
    if (job.status === 'in_progress') onEvent({ kind: 'in_progress', job });
  });
}

/** The file was taken from the folder, say. */
function asProblem({ code = 'unknown error' }: NodeJS.ErrnoException): ValidatedInput {
  return {
    problems: [{ code: 'file_unreadable', message: `The file cannot be read (${code}).`, param: null, line: null }],
  };
}

/**
 * Asks the lines of a batch that have no answer, and ends it; one that is being cancelled, or whose time is over, is ended
 * with what it has. Where the server stops first, the batch is left for the next start.
 * @param cancel aborted when the batch is cancelled.
 * @throws {Error} of the file system, where the input cannot be read.
 */
export async function runJob(job: BatchJob, cancel: AbortSignal, tools: JobTools): Promise<void> {
  const { files, jobs, stop, clock, now } = tools;
  const idPrefix = lineIdPrefix(job);
  const places = journalFiles(job, files);
  let journal: LineJournal | undefined;
  const isOpen = await store(job.id, tools, async () => {
    journal = await LineJournal.open(places, idPrefix);
  });
  if (!isOpen || journal === undefined) return;
  const counted = new CountedJournal(journal, job, tools);
  const expire = new AbortController();
  const left = Math.max(0, job.expiresAt * 1000 - now());
  const cancelTimer = clock.after(Math.min(left, LONGEST_TIMER_MS), () => expire.abort());
  try {
    const watch = { clock, onStorage: (failure: string | null) => tellStorage(job.id, failure, tools) };
    const run = {
      ...watch,
      inputFile: files.pathOf(job.inputFileId),
      endpoint: job.endpoint,
      maxLineBytes: tools.limits.maxLineBytes,
      idPrefix,
      owner: job.owner,
      fingerprint: job.fingerprint,
      windowTokens: job.model === null ? 0 : tools.service.windowTokensOf(job.model),
      journal: counted,
      service: tools.service,
      signal: AbortSignal.any([stop, cancel, expire.signal]),
    };
    const isWhole = () => counted.next > job.counts.total;
    if (job.status === 'in_progress' && left > 0) await runLines(run);
    if (stop.aborted && !isWhole()) return;
    if (jobs.get(job.id).status !== 'cancelling') {
      const outcome = job.outcome ?? (isWhole() ? 'completed' : 'expired');
      const isStored = await store(job.id, tools, async () => {
        await jobs.update(job.id, (before) => {
          return before.status === 'cancelling' ? undefined : { ...reach(before, 'finalizing', now()), outcome };
        });
      });
      if (!isStored) return;
      const isRefused =
        outcome === 'completed' || (await refuseLines({ ...run, signal: stop }, 'batch_expired', EXPIRED));
      if (!isRefused) return;
    }
    await store(job.id, tools, () => end(job, counted, tools));
  } finally {
    cancelTimer();
    await counted.close();
  }
}

/** Lists the files with the answers, and says how the batch ended. */
async function end(job: BatchJob, journal: CountedJournal, { jobs, files, now, onEvent }: JobTools): Promise<void> {
  const { owner, outputExpiresAfterS: expiresAfterS } = job;
  for (const [id, bytes, what] of [
    [job.outputFileId, journal.outputBytes, 'output'],
    [job.errorFileId, journal.errorBytes, 'error'],
  ] as const) {
    const filename = `${job.id}_${what}.jsonl`;
    if (bytes === 0) await rm(files.pathOf(id), { force: true });
    else await files.describe({ id, owner, filename, bytes, purpose: 'batch_output', expiresAfterS });
  }
  const ended = await jobs.update(job.id, (before) => ({
    ...reach(before, before.status === 'cancelling' ? 'cancelled' : (before.outcome ?? 'completed'), now()),
    hasOutput: journal.outputBytes > 0,
    hasErrors: journal.errorBytes > 0,
    counts: { ...journal.counts, total: before.counts.total },
    tokens: journal.tokens,
  }));
  onEvent({ kind: 'ended', job: ended });
}

function tellStorage(batch: string, failure: string | null, { onEvent }: Pick<JobTools, 'onEvent'>): void {
  onEvent(failure === null ? { kind: 'continued', batch } : { kind: 'paused', batch, reason: failure });
}

/** @returns false: the server stops, and it could not be stored. */
function store(id: string, tools: JobTools, work: () => Promise<void>): Promise<boolean> {
  const { clock, stop: signal } = tools;
  return untilStored(work, { clock, signal, onStorage: (failure) => tellStorage(id, failure, tools) });
}

/** A journal whose lines count: for the client that asks how far its batch is, for metrics, and for the bound on all files. */
class CountedJournal {
  private readonly journal: LineJournal;
  private readonly job: BatchJob;
  private readonly tools: Pick<JobTools, 'files' | 'jobs' | 'onEvent'>;

  constructor(journal: LineJournal, job: BatchJob, tools: Pick<JobTools, 'files' | 'jobs' | 'onEvent'>) {
    this.journal = journal;
    this.job = job;
    this.tools = tools;
    this.tell();
  }

  get next(): number {
    return this.journal.next;
  }

  get counts(): LineJournal['counts'] {
    return this.journal.counts;
  }

  get tokens(): number {
    return this.journal.tokens;
  }

  get outputBytes(): number {
    return this.journal.outputBytes;
  }

  get errorBytes(): number {
    return this.journal.errorBytes;
  }

  async append(lines: readonly AnsweredLine[]): Promise<void> {
    const { files, onEvent } = this.tools;
    const bytes = lines.reduce((sum, { text }) => sum + text.length, 0);
    try {
      files.bytes.checkRoom(bytes, this.job.owner);
    } catch (cause) {
      // To whoever runs a batch a limit of the operator is a disk that is full.
      throw Object.assign(new Error('no room', { cause }), { code: 'BATCH_MAX_STORED_BYTES' });
    }
    await this.journal.append(lines);
    this.tell();
    const failed = lines.filter(({ isFailure }) => isFailure).length;
    onEvent({ kind: 'lines', completed: lines.length - failed, failed });
  }

  close(): Promise<void> {
    return this.journal.close();
  }

  private tell(): void {
    const { files, jobs } = this.tools;
    const { owner, id, outputFileId, errorFileId } = this.job;
    const { counts, tokens, outputBytes, errorBytes } = this.journal;
    files.bytes.setWritten(outputFileId, owner, outputBytes);
    files.bytes.setWritten(errorFileId, owner, errorBytes);
    jobs.tell(id, { ...counts, tokens });
  }
}
