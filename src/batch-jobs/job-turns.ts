import type { Clock } from '../clock.ts';
import type { OnBatchEvent } from './batch-events.ts';
import { type BatchJob, endedAt, hasEnded } from './batch-job.ts';
import type { FileStore } from './file-store.ts';
import type { JobStore } from './job-store.ts';
import type { LineService } from './line-service.ts';
import { runJob, validateJob } from './run-job.ts';
import type { InputLimits } from './validate-input.ts';

export interface JobTurnsOptions {
  jobs: JobStore;
  files: FileStore;
  limits: InputLimits & { retentionS: number };
  clock: Clock;
  /** Unix milliseconds. */
  now: () => number;
  onEvent: OnBatchEvent;
}

/** Batches that run at a time, of different API keys; each has a part of the queue. */
const MOST_RUNNING = 4;
/** Of ended batches, the oldest are forgotten before their time. */
const MOST_KEPT = 10_000;
const SWEEP_MS = 60_000;

/** Whose turn it is among the batches, and when their time is over. */
export class JobTurns {
  private readonly options: JobTurnsOptions;
  private readonly stopping = new AbortController();
  /** Batches that something is being done for, and what cancels them. */
  private readonly busy = new Map<string, { cancel: AbortController; owner: string | null; done: Promise<void> }>();
  /** Those that met an error that nobody expected, or whose input cannot be read: tried again in a minute. */
  private readonly broken = new Set<string>();
  private service: LineService | undefined;
  private isValidating = false;
  private cancelSweep = () => {};

  constructor(options: JobTurnsOptions) {
    this.options = options;
  }

  /** From now on batches run. */
  begin(service: LineService): void {
    this.service = service;
    this.sweep();
  }

  /** Whether something is done for the batch now. */
  isBusy({ id }: BatchJob): boolean {
    return this.busy.has(id);
  }

  /** Nothing more of the batch is begun. */
  cancel({ id }: BatchJob): void {
    this.busy.get(id)?.cancel.abort();
    this.advance();
  }

  /** Resolves when nothing is done for any batch; what is not done is left for the next start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.cancelSweep();
    await Promise.all([...this.busy.values()].map(({ done }) => done));
  }

  /**
   * Begins what can begin: one batch is validated at a time, and one of each API key runs. What is about to end need not
   * wait for its turn.
   */
  advance(): void {
    const { service, stopping } = this;
    if (service === undefined || stopping.signal.aborted) return;
    const { jobs, now } = this.options;
    const tools = { ...this.options, service, stop: stopping.signal };
    for (const job of jobs.unfinished()) {
      if (this.busy.has(job.id) || this.broken.has(job.id)) continue;
      if (job.status === 'validating') {
        if (this.isValidating) continue;
        this.isValidating = true;
        this.occupy(job, () =>
          validateJob(job, tools).finally(() => {
            this.isValidating = false;
          }),
        );
        continue;
      }
      const isEnding = job.status !== 'in_progress' || job.expiresAt * 1000 <= now();
      const others = [...this.busy.values()];
      const hasTurn = others.length < MOST_RUNNING && !others.some(({ owner }) => owner === job.owner);
      if (isEnding || hasTurn) this.occupy(job, (cancel) => runJob(job, cancel, tools));
    }
  }

  private occupy(job: BatchJob, work: (cancel: AbortSignal) => Promise<void>): void {
    const { id, owner } = job;
    const cancel = new AbortController();
    const done = work(cancel.signal)
      .catch((error: Error) => {
        this.broken.add(id);
        this.options.onEvent({ kind: 'failed', batch: id, error });
      })
      .finally(() => {
        this.busy.delete(id);
        this.advance();
      });
    this.busy.set(id, { cancel, owner, done });
  }

  /** Once a minute: what is over its time is removed. */
  private sweep(): void {
    if (this.stopping.signal.aborted) return;
    const { jobs, files, clock, now, limits } = this.options;
    const oldest = now() / 1000 - limits.retentionS;
    const ended = jobs.all().filter(hasEnded);
    const removed = ended.filter((job, i) => endedAt(job) <= oldest || i < ended.length - MOST_KEPT);
    // What cannot be removed now, is in a minute.
    void Promise.all(removed.map((job) => jobs.remove(job)))
      .then(() => files.removeExpired((id) => jobs.isRead(id)))
      .catch(() => {});
    this.broken.clear();
    this.advance();
    this.cancelSweep = clock.after(SWEEP_MS, () => this.sweep());
  }
}
