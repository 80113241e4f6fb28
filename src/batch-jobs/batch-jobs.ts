import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { HotvecError, invalidInput } from '../errors.ts';
import type { OnBatchEvent } from './batch-events.ts';
import { type BatchEndpoint, type BatchJob, hasEnded, newId, reach } from './batch-job.ts';
import { BatchProgress } from './batch-progress.ts';
import { type FileLimits, FileStore } from './file-store.ts';
import { JobStore } from './job-store.ts';
import { JobTurns } from './job-turns.ts';
import type { LineService } from './line-service.ts';
import { LockFile } from './lock-file.ts';
import { asRefusal } from './storage-failure.ts';
import type { InputLimits } from './validate-input.ts';

export type BatchLimits = FileLimits & InputLimits & { maxUnfinished: number };

export interface BatchJobsOptions {
  /** Of this server alone. */
  folder: string;
  limits: BatchLimits;
  clock: Clock;
  /** Unix milliseconds. */
  now: () => number;
  onEvent: OnBatchEvent;
}

/** What a client says of a batch that it makes. */
export interface NewBatch {
  inputFileId: string;
  endpoint: BatchEndpoint;
  completionWindow: string;
  /** The same in seconds. */
  windowS: number;
  metadata: Record<string, string> | null;
  outputExpiresAfterS: number | null;
}

const BUSY_RETRY_MS = 30_000;

/**
 * Batches of requests, as the OpenAI API has them: who made them, how far they are, whose turn it is. All that they are is
 * in a folder, and goes on after a restart.
 */
export class BatchJobs {
  readonly files: FileStore;
  /** Another process has taken the folder: what is in memory here is no longer what is there. */
  isLost = false;
  private readonly options: BatchJobsOptions;
  private readonly jobs: JobStore;
  private readonly lock: LockFile;
  private readonly turns: JobTurns;
  private readonly progress: BatchProgress;

  private constructor(options: BatchJobsOptions, jobs: JobStore, files: FileStore, lock: LockFile) {
    this.options = options;
    this.jobs = jobs;
    this.files = files;
    this.lock = lock;
    this.turns = new JobTurns({ ...options, jobs, files });
    this.progress = new BatchProgress(jobs, files);
  }

  /**
   * Takes the folder, and reads what the server before left there.
   * @throws {StartError} another server has it; {Error} of the file system.
   */
  static async open(options: BatchJobsOptions): Promise<BatchJobs> {
    const { folder, limits, now, onEvent } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    let onLost = () => {};
    const lock = await LockFile.take(path.join(folder, 'lock'), {
      inUse: (processId) =>
        `BATCH_DIR=${folder} is in use by another hotvec (process ${processId}). Each server needs a folder of its own.`,
      onLost: () => onLost(),
    });
    try {
      const jobs = await JobStore.open(path.join(folder, 'batches'));
      const unfinished = new Map(
        jobs.unfinished().flatMap(({ owner, outputFileId, errorFileId }) => [
          [outputFileId, owner],
          [errorFileId, owner],
        ]),
      );
      const files = await FileStore.open(path.join(folder, 'files'), { limits, now, unfinished });
      const batches = new BatchJobs(options, jobs, files, lock);
      onLost = () => {
        batches.isLost = true;
        onEvent({ kind: 'lock_lost' });
        void batches.stop();
      };
      return batches;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get unfinished(): number {
    return this.jobs.unfinished().length;
  }

  /** What there is now, for metrics. */
  observe() {
    const waiting = this.jobs.unfinished().filter((job) => !this.turns.isBusy(job));
    const now = this.options.now() / 1000;
    return {
      unfinished: this.unfinished,
      storedBytes: this.files.bytes.total,
      maxStoredBytes: this.options.limits.maxStoredBytes,
      /** Since the oldest one of which nothing is done now was made. */
      oldestWaitingS: Math.max(0, ...waiting.map(({ createdAt }) => now - createdAt)),
      isLost: this.isLost,
    };
  }

  /** From now on batches run: their models are loaded. */
  begin(service: LineService): void {
    const { unfinished } = this;
    if (unfinished > 0) this.options.onEvent({ kind: 'resumed', unfinished });
    this.turns.begin(service);
  }

  /** @throws {HotvecError} file_not_found, invalid_input, overloaded, key_share_exceeded, insufficient_storage. */
  async create(batch: NewBatch, owner: string | null): Promise<BatchJob> {
    const { now, onEvent } = this.options;
    const { windowS, ...said } = batch;
    const file = this.files.find(batch.inputFileId, owner, 'input_file_id');
    if (file.purpose !== 'batch') {
      throw invalidInput(
        'input_file_id is of a file with answers; expected one uploaded with purpose=batch.',
        'input_file_id',
      );
    }
    this.checkRoom(owner);
    const at = now();
    const createdAt = Math.floor(at / 1000);
    const job: BatchJob = {
      ...said,
      id: newId('batch_', at),
      owner,
      status: 'validating',
      createdAt,
      expiresAt: createdAt + windowS,
      reachedAt: {},
      outputFileId: newId('file-', at),
      errorFileId: newId('file-', at),
      hasOutput: false,
      hasErrors: false,
      outcome: null,
      problems: [],
      model: null,
      fingerprint: null,
      counts: { total: 0, completed: 0, failed: 0 },
      tokens: 0,
    };
    await refusing(this.jobs.add(job));
    onEvent({ kind: 'created', job, bytes: file.bytes });
    this.turns.advance();
    return job;
  }

  /** @throws {HotvecError} batch_not_found. */
  find(id: string, owner: string | null): BatchJob {
    return this.jobs.find(id, owner);
  }

  /** The same, when it is known how far the batch is. @throws {HotvecError} batch_not_found. */
  async retrieve(id: string, owner: string | null): Promise<BatchJob> {
    this.find(id, owner);
    await this.progress.of(id);
    return this.find(id, owner);
  }

  /** Oldest first, when it is known how far they are. */
  async list(owner: string | null): Promise<BatchJob[]> {
    const own = () => this.jobs.all().filter((job) => job.owner === owner);
    for (const { id } of own()) await this.progress.of(id);
    return own();
  }

  /**
   * What is under way is finished, and nothing more is begun.
   * @throws {HotvecError} batch_not_found; state_conflict, where it has ended; insufficient_storage.
   */
  async cancel(id: string, owner: string | null): Promise<BatchJob> {
    const { status } = await this.retrieve(id, owner);
    if (status === 'cancelling') return this.find(id, owner);
    if (status === 'finalizing' || hasEnded({ status })) {
      throw new HotvecError('state_conflict', `A batch that is ${status} cannot be cancelled.`, { param: 'batch_id' });
    }
    const job = await refusing(
      this.jobs.update(id, (before) =>
        before.status === 'in_progress' || before.status === 'validating'
          ? reach(before, 'cancelling', this.options.now())
          : undefined,
      ),
    );
    this.turns.cancel(job);
    return job;
  }

  /** @throws {HotvecError} file_not_found; state_conflict, where a batch needs it; insufficient_storage. */
  async deleteFile(id: string, owner: string | null): Promise<void> {
    this.files.find(id, owner);
    if (this.jobs.isRead(id)) {
      throw new HotvecError('state_conflict', 'A batch that has not ended reads this file; cancel it first, or wait.', {
        param: 'file_id',
      });
    }
    await refusing(this.files.remove(id));
  }

  /** Begins nothing more, and gives the folder to another server; what is not done is done by that. */
  async stop(): Promise<void> {
    await this.turns.stop();
    this.lock.release();
  }

  private checkRoom(owner: string | null): void {
    const { maxUnfinished, keyShare } = this.options.limits;
    const unfinished = this.jobs.unfinished();
    const retry = { retryAfterMs: BUSY_RETRY_MS };
    if (unfinished.length >= maxUnfinished) {
      throw new HotvecError('overloaded', `${unfinished.length} batches have not ended; no more are taken.`, retry);
    }
    const share = Math.max(1, Math.floor(keyShare * maxUnfinished));
    const own = unfinished.filter((job) => job.owner === owner).length;
    if (owner === null || own < share) return;
    throw new HotvecError(
      'key_share_exceeded',
      `${own} batches of this API key have not ended; no more are taken.`,
      retry,
    );
  }
}

/** An error of the file system becomes one that a client is told. */
async function refusing<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw asRefusal(error);
  }
}
