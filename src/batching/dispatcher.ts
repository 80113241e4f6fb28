import type { Clock } from '../clock.ts';
import { type Engine, EngineLostError } from '../engine/engine.ts';
import { type BatchResult, toBatch } from '../engine/protocol.ts';
import type { HotvecError } from '../errors.ts';
import type { BatchMeter } from './batch-meter.ts';
import { BatchesUnderWay } from './batches-under-way.ts';
import type { FairQueue } from './fair-queue.ts';
import type { PendingRequest } from './pending-request.ts';
import { engineLost, notComputed } from './request-failures.ts';
import type { Entry, SequencesInFlight } from './sequences-in-flight.ts';
import { ThroughputEstimate } from './throughput-estimate.ts';

export interface DispatcherOptions {
  engine: Engine;
  clock: Clock;
  /** Width of a row. */
  hiddenSize: number;
  /** A fresh meter for each batch. */
  createMeter: () => BatchMeter;
  onBatch?: (batch: BatchReport) => void;
}

/** One computed batch, for metrics. */
export interface BatchReport extends Pick<BatchResult, 'computedTokens' | 'inferMilliseconds'> {
  batchId: number;
  items: number;
  tokens: number;
}

/** Entries on their way through the engine; a lost batch is sent once more as it was. */
interface Attempt {
  entries: Entry[];
  isRetry: boolean;
}

/** Batches sent to an engine process and not answered: one computing, one waiting in its channel. */
const MAX_UNDER_WAY = 2;

/**
 * Takes batches from the queue to the engine, and their rows to the requests that wait for them.
 *
 * There is no wait timer. A batch forms when the engine is free, from whatever is there: a lone request goes at once,
 * and under load batches fill by themselves while the engine computes. A second batch is sent ahead, so that the
 * engine never idles between two, but only shortly before the first is expected to end: until then it may still grow,
 * and whoever comes meanwhile has a place in it.
 */
export class Dispatcher {
  private readonly options: DispatcherOptions;
  private readonly queue: FairQueue;
  private readonly inFlight: SequencesInFlight;
  private readonly throughput = new ThroughputEstimate();
  private readonly underWay = new BatchesUnderWay();
  /** Batches whose engine was lost under them; first in line. */
  private retries: Attempt[] = [];
  private cancelSendAhead: (() => void) | undefined;
  private nextBatchId = 0;

  constructor(options: DispatcherOptions, queue: FairQueue, inFlight: SequencesInFlight) {
    this.options = options;
    this.queue = queue;
    this.inFlight = inFlight;
  }

  /** Tokens of the batches that were sent and not answered. */
  get tokensUnderWay(): number {
    return this.underWay.tokens;
  }

  /** Tokens a second over the recent batches, of all processes together; before the first, as measured at warm-up. */
  get tokensPerSecond(): number {
    const { engine } = this.options;
    return this.throughput.tokensPerSecond * Math.max(1, engine.processesReady) || (engine.info?.tokensPerSecond ?? 0);
  }

  /** Sends what may be sent. Called whenever something changed: a request came, a batch ended, the engine came back. */
  dispatch(): void {
    const { engine } = this.options;
    while (engine.state === 'ready' && this.underWay.count < MAX_UNDER_WAY * engine.processesReady) {
      if (this.retries.length === 0 && this.queue.requests === 0) return;
      if (engine.processesIdle === 0 && this.retries.length === 0 && !this.isTimeToSendAhead()) return;
      const attempt = this.retries.shift() ?? {
        entries: this.queue.takeBatch(this.options.createMeter()),
        isRetry: false,
      };
      const entries = attempt.entries.filter((entry) => this.isWanted(entry));
      if (entries.length > 0) void this.runBatch({ ...attempt, entries });
    }
  }

  /** The engine will not come back: nobody shall wait for what was to be sent again. */
  failRetries(failure: HotvecError): void {
    const lost = this.retries.flatMap(({ entries }) => entries);
    this.retries = [];
    this.fail(lost, failure);
  }

  /** Whether anybody still waits for it; if not, it is forgotten. */
  private isWanted(entry: Entry): boolean {
    if (entry.waiters.size > 0) return true;
    this.inFlight.end(entry);
    return false;
  }

  /** Whether a process that computes needs its next batch now; if not, `dispatch` is called when it does. */
  private isTimeToSendAhead(): boolean {
    if (this.cancelSendAhead !== undefined) return false;
    const { clock, engine } = this.options;
    const dueIn = this.underWay.nextDueIn(clock.now(), engine.processesReady);
    if (dueIn <= 0) return true;
    if (dueIn < Number.POSITIVE_INFINITY) {
      this.cancelSendAhead = clock.after(dueIn, () => {
        this.cancelSendAhead = undefined;
        this.dispatch();
      });
    }
    return false;
  }

  private async runBatch({ entries, isRetry }: Attempt): Promise<void> {
    const { engine, clock, hiddenSize } = this.options;
    const batchId = this.nextBatchId++;
    const { tokenIds, offsets } = toBatch(entries.map((entry) => entry.tokenIds));
    const batch = this.underWay.start(tokenIds.length, clock.now());
    for (const request of waitersOf(entries)) request.takenUp();
    try {
      const result = await engine.run({ tokenIds, offsets });
      if (result.rows.length !== entries.length * hiddenSize) {
        throw new Error(`${entries.length} sequences were answered with ${result.rows.length} numbers`);
      }
      const { computedTokens, inferMilliseconds } = result;
      this.throughput.observe(tokenIds.length, inferMilliseconds);
      this.underWay.observe(batch, inferMilliseconds);
      const tokens = tokenIds.length;
      this.options.onBatch?.({ batchId, items: entries.length, tokens, computedTokens, inferMilliseconds });
      this.handOut(entries, batchId, result);
    } catch (error) {
      this.afterFailure(entries, isRetry, batchId, error);
    } finally {
      this.underWay.end(batch, clock.now());
      this.cancelSendAhead?.();
      this.cancelSendAhead = undefined;
      this.dispatch();
    }
  }

  /** Gives each entry's row to everybody who waits for it. */
  private handOut(entries: readonly Entry[], batchId: number, { rows, inferMilliseconds }: BatchResult): void {
    const { clock, hiddenSize } = this.options;
    const arrival = { batchId, batchItems: entries.length, now: clock.now(), inferMilliseconds };
    for (const [i, entry] of entries.entries()) {
      this.inFlight.end(entry);
      const row = rows.subarray(i * hiddenSize, (i + 1) * hiddenSize);
      for (const [request, positions] of entry.waiters) {
        for (const index of positions) request.accept(index, row, arrival);
      }
    }
  }

  private afterFailure(entries: Entry[], isRetry: boolean, batchId: number, error: unknown): void {
    const { engine } = this.options;
    const isLost = error instanceof EngineLostError;
    if (isLost && !isRetry && engine.state !== 'failed' && engine.state !== 'closed') {
      this.retries.push({ entries, isRetry: true });
      return;
    }
    if (isLost) this.fail(entries, engineLost(engine, error));
    else this.refuse(entries, notComputed(error), batchId);
  }

  /** For these sequences there will be no rows; who else a request waits for is its own affair. */
  private refuse(entries: readonly Entry[], failure: HotvecError, batchId: number): void {
    const batchItems = entries.length;
    const arrival = { batchId, batchItems, now: this.options.clock.now(), inferMilliseconds: 0 };
    for (const entry of entries) {
      this.inFlight.end(entry);
      for (const [request, positions] of entry.waiters) {
        for (const index of positions) request.refuse(index, failure, arrival);
      }
    }
  }

  private fail(entries: readonly Entry[], failure: HotvecError): void {
    for (const entry of entries) this.inFlight.end(entry);
    for (const request of waitersOf(entries)) request.fail(failure);
  }
}

function waitersOf(entries: readonly Entry[]): PendingRequest[] {
  return entries.flatMap(({ waiters }) => [...waiters.keys()]);
}
