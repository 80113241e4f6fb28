import type { Clock } from '../../clock.ts';
import type { BatchCost } from '../../model-files/manifest.ts';
import { BatchFailedError, EngineLostError } from '../engine.ts';
import { type Batch, type BatchResult, type FromEngine, rowOffsetsOf } from '../protocol.ts';
import { BatchTimeLimit } from './batch-time-limit.ts';
import { BusyWindow } from './busy-window.ts';

/** A batch that was sent to the engine process and not answered. */
export interface SentBatch {
  batchId: number;
  batch: Batch;
  /** See `RunOptions`. */
  isSuspect: boolean;
  resolve: (result: BatchResult) => void;
  reject: (error: Error) => void;
}

export type BatchReply = Extract<FromEngine, { kind: 'rows' | 'batch_failed' }>;

export interface SentBatchesOptions {
  clock: Clock;
  cost: BatchCost;
  hiddenSize: number;
  /** A batch took longer than `limit` milliseconds, in which this process ran. */
  onOverdue: (batch: Batch, limit: number) => void;
}

/**
 * The batches that one engine process has. It answers them in the order they were sent, so they wait in a
 * first-in-first-out list; its head is the one being computed, and the only one that is timed.
 */
export class SentBatches {
  private readonly options: SentBatchesOptions;
  private batches: SentBatch[] = [];
  /** By the process that is there now. */
  private answered = 0;
  private headStartedAt = 0;
  private timeLimit = new BatchTimeLimit(1_000);
  private busyWindow = new BusyWindow(0);
  private cancelWatchdog: () => void = () => {};

  constructor(options: SentBatchesOptions) {
    this.options = options;
  }

  get count(): number {
    return this.batches.length;
  }

  /** Whether the batch being computed is a suspect. */
  get isHeadSuspect(): boolean {
    return this.batches[0]?.isSuspect ?? false;
  }

  /** Milliseconds the head has taken so far; 0 when there is none. */
  get age(): number {
    return this.batches.length === 0 ? 0 : this.options.clock.now() - this.headStartedAt;
  }

  /** Share of the last ten seconds that the process computed, 0 to 1; since it is there, where that is less. */
  get busyRatio(): number {
    return this.busyWindow.ratio(this.options.clock.now(), this.age);
  }

  /** Another process is there to compute, at this pace. */
  begin(tokensPerSecond: number): void {
    this.answered = 0;
    this.timeLimit = new BatchTimeLimit(tokensPerSecond);
    this.busyWindow = new BusyWindow(this.options.clock.now());
  }

  push(batch: SentBatch): void {
    this.batches.push(batch);
    if (this.batches.length === 1) this.watchHead();
  }

  /**
   * Ends the head with its answer; the next one is being computed.
   * @returns the batch answered. `stale`: the answer is not the head's. `miscounted`: it does not have the requested
   * number of rows.
   */
  answer(reply: BatchReply): SentBatch | 'stale' | 'miscounted' {
    const head = this.batches[0];
    if (head === undefined || head.batchId !== reply.batchId) return 'stale';
    const rowCount = rowOffsetsOf(head.batch).at(-1) as number;
    if (reply.kind === 'rows' && reply.rows.length !== rowCount * this.options.hiddenSize) return 'miscounted';
    this.batches.shift();
    this.answered += 1;
    this.cancelWatchdog();
    if (this.batches.length > 0) this.watchHead();
    if (reply.kind === 'rows') {
      const { rows, computedTokens, inferMilliseconds } = reply;
      this.timeLimit.observe(this.sizeOf(head.batch), inferMilliseconds);
      this.busyWindow.observe(this.options.clock.now(), inferMilliseconds);
      head.resolve({ rows, computedTokens, inferMilliseconds });
    } else head.reject(new BatchFailedError(reply.message));
    return head;
  }

  /** The process is gone, and all its batches with it. */
  rejectAll(detail: string): void {
    this.cancelWatchdog();
    const lost = this.batches;
    this.batches = [];
    const wasFresh = this.answered === 0;
    for (const [i, { reject }] of lost.entries())
      reject(new EngineLostError(detail, { wasComputing: i === 0, wasFresh }));
  }

  private watchHead(): void {
    const { batch } = this.batches[0] as SentBatch;
    const { clock, onOverdue } = this.options;
    const limit = this.timeLimit.for(this.sizeOf(batch));
    this.headStartedAt = clock.now();
    // A timer that fires late means that this process stood still (a paused container, a machine put to sleep). The answer
    // may have come meanwhile and not be read yet, or the engine process stood still too: it gets that time again, once.
    this.cancelWatchdog = clock.after(limit, () => {
      const late = this.age - limit;
      this.cancelWatchdog = clock.after(Math.min(late, limit), () => onOverdue(batch, limit));
    });
  }

  private sizeOf({ offsets }: Batch): number {
    return equivalentTokens(this.options.cost, offsets);
  }
}

/**
 * A batch's size in tokens of short texts: a long text's tokens count for more, because each attends over all before.
 * Prefix sharing is left out: an upper bound.
 */
function equivalentTokens(cost: BatchCost, offsets: Int32Array): number {
  let tokens = 0;
  for (let i = 1; i < offsets.length; i++) {
    const length = (offsets[i] as number) - (offsets[i - 1] as number);
    tokens += length * (1 + (length * cost.perSlotAndPosition) / cost.perRow);
  }
  return tokens;
}
