import type { Clock } from '../clock.ts';
import { EngineLostError } from './engine.ts';
import type { Batch, BatchResult } from './protocol.ts';

/** A batch that was sent to the engine process and not answered. */
export interface SentBatch {
  batchId: number;
  batch: Batch;
  resolve: (result: BatchResult) => void;
  reject: (error: Error) => void;
}

export interface SentBatchesOptions {
  clock: Clock;
  /** Milliseconds that a batch may take. */
  limitOf: (batch: Batch) => number;
  /** A batch took longer than its limit. */
  onOverdue: (batch: Batch, limit: number) => void;
}

/**
 * The batches that one engine process has. It answers them in the order they were sent, so they wait in a
 * first-in-first-out list; its head is the one being computed, and the only one that is timed.
 */
export class SentBatches {
  private readonly options: SentBatchesOptions;
  private batches: SentBatch[] = [];
  private headStartedAt = 0;
  private cancelWatchdog: () => void = () => {};

  constructor(options: SentBatchesOptions) {
    this.options = options;
  }

  get count(): number {
    return this.batches.length;
  }

  /** The batch being computed. */
  get head(): SentBatch | undefined {
    return this.batches[0];
  }

  /** Milliseconds the head has taken so far; 0 when there is none. */
  get age(): number {
    return this.batches.length === 0 ? 0 : this.options.clock.now() - this.headStartedAt;
  }

  push(batch: SentBatch): void {
    this.batches.push(batch);
    if (this.batches.length === 1) this.watchHead();
  }

  /** The head was answered: the next one is being computed. */
  shift(): void {
    this.batches.shift();
    this.cancelWatchdog();
    if (this.batches.length > 0) this.watchHead();
  }

  /** The process is gone, and all its batches with it. */
  rejectAll(detail: string): void {
    this.cancelWatchdog();
    const lost = this.batches;
    this.batches = [];
    for (const { reject } of lost) reject(new EngineLostError(detail));
  }

  private watchHead(): void {
    const { batch } = this.batches[0] as SentBatch;
    const { clock, limitOf, onOverdue } = this.options;
    const limit = limitOf(batch);
    this.headStartedAt = clock.now();
    this.cancelWatchdog = clock.after(limit, () => onOverdue(batch, limit));
  }
}
