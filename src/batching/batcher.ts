import type { Clock } from '../clock.ts';
import { type Engine, EngineLostError } from '../engine/engine.ts';
import { type BatchResult, toBatch } from '../engine/protocol.ts';
import { HotvecError } from '../errors.ts';
import { type AdmissionLimits, checkReady, checkRoom, restartRetry } from './admission.ts';
import type { BatchMeter } from './batch-meter.ts';
import { BatchesUnderWay } from './batches-under-way.ts';
import { FairQueue } from './fair-queue.ts';
import { PendingRequest, type SubmitOptions, type SubmitResult } from './pending-request.ts';
import { type Entry, SequencesInFlight } from './sequences-in-flight.ts';
import { ThroughputEstimate } from './throughput-estimate.ts';

export interface BatcherOptions extends AdmissionLimits {
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
 * Groups the sequences of concurrent requests into batches.
 *
 * There is no wait timer. A batch forms when the engine is free, from whatever is there: a lone request goes at once,
 * and under load batches fill by themselves while the engine computes. A second batch is sent ahead, so that the
 * engine never idles between two, but only shortly before the first is expected to end: until then it may still grow,
 * and whoever comes meanwhile has a place in it.
 *
 * Equal sequences of different requests are computed once (sequences-in-flight.ts). In the queue a sequence counts for
 * everybody who brought it, until a batch takes it; one that a batch already has counts for nobody.
 */
export class Batcher {
  private readonly options: BatcherOptions;
  private readonly queue = new FairQueue();
  private readonly inFlight = new SequencesInFlight();
  private readonly throughput = new ThroughputEstimate();
  /** Batches whose engine was lost under them; first in line. */
  private retries: Attempt[] = [];
  private readonly underWay = new BatchesUnderWay();
  private cancelSendAhead: (() => void) | undefined;
  private nextBatchId = 0;

  constructor(options: BatcherOptions) {
    this.options = options;
    options.engine.onStateChange((state) => {
      if (state === 'ready') this.dispatch();
      if (state === 'failed' || state === 'closed') this.failAll(state);
    });
  }

  get queueTokens(): number {
    return this.queue.tokens;
  }

  get queueRequests(): number {
    return this.queue.requests;
  }

  /** Different sequences that wait or are being computed. */
  get sequencesInFlight(): number {
    return this.inFlight.size;
  }

  /** Milliseconds the longest-waiting request has waited for a batch; 0 when none waits. */
  get queueAge(): number {
    const { oldest } = this.queue;
    return oldest === undefined ? 0 : this.options.clock.now() - oldest;
  }

  /** Tokens a second over the recent batches, of all processes together; before the first, as measured at warm-up. */
  get tokensPerSecond(): number {
    const { engine } = this.options;
    return this.throughput.tokensPerSecond * Math.max(1, engine.processesReady) || (engine.info?.tokensPerSecond ?? 0);
  }

  /** @throws {HotvecError} draining, engine_restarting or not_ready, when nothing can be computed now. */
  checkReady(): void {
    checkReady(this.options.engine);
  }

  /**
   * Whether a request of `tokens` would be let in now. Called with 0 before tokenizing, so that an overloaded server
   * turns a request away before it costs anything.
   *
   * @throws {HotvecError} what `checkReady` throws; overloaded, key_share_exceeded.
   */
  admit(tokens: number, owner?: string): void {
    this.checkReady();
    const load = {
      queueTokens: this.queue.tokens,
      tokensOf: (name: string) => this.queue.tokensOf(name),
      tokensUnderWay: this.underWay.tokens,
      tokensPerSecond: this.tokensPerSecond,
    };
    checkRoom(tokens, owner, load, this.options);
  }

  /**
   * Computes the rows of `sequences` (token ids, none empty). One row a sequence, same order. Without sequences, and
   * with such only as are being computed already, there is room even in a full queue.
   *
   * @throws {HotvecError} what `admit` throws; deadline_exceeded; client_closed_request after an abort;
   * engine_restarting when the engine was lost twice under a batch of the request; inference_failed.
   */
  submit(sequences: readonly Int32Array[], options: SubmitOptions = {}): Promise<SubmitResult> {
    return new Promise((resolve, reject) => {
      const { clock } = this.options;
      const now = clock.now();
      this.checkReady();
      if (options.signal?.aborted) throw abandoned();
      if (options.deadline !== undefined && options.deadline <= now) throw tooLate();
      if (sequences.length === 0) {
        resolve({ rows: [], queueMilliseconds: 0, inferMilliseconds: 0, batches: 0, lastBatchId: null, shared: 0 });
        return;
      }

      let cancelDeadline = () => {};
      const onAbort = () => request.fail(abandoned());
      const onSettled = (outcome: SubmitResult | HotvecError) => {
        cancelDeadline();
        options.signal?.removeEventListener('abort', onAbort);
        this.queue.remove(request);
        if (outcome instanceof HotvecError) reject(outcome);
        else resolve(outcome);
      };
      const request = new PendingRequest(sequences, options.owner, now, onSettled, this.inFlight);
      try {
        if (request.queuedTokens > 0) this.admit(request.queuedTokens, options.owner);
      } catch (error) {
        request.fail(error as HotvecError);
        return;
      }
      options.signal?.addEventListener('abort', onAbort, { once: true });
      if (options.deadline !== undefined) {
        cancelDeadline = clock.after(options.deadline - now, () => request.fail(tooLate()));
      }
      request.onTakenUp = options.onTakenUp;
      if (request.queuedTokens > 0) this.queue.push(request);
      else request.takenUp();
      this.dispatch();
    });
  }

  /** Sends what may be sent. Called whenever something changed: a request came, a batch ended, the engine came back. */
  private dispatch(): void {
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
      const now = clock.now();
      this.throughput.observe(tokenIds.length, result.inferMilliseconds);
      this.underWay.observe(batch, result.inferMilliseconds);
      const { computedTokens, inferMilliseconds } = result;
      this.options.onBatch?.({
        batchId,
        items: entries.length,
        tokens: tokenIds.length,
        computedTokens,
        inferMilliseconds,
      });
      for (const [i, entry] of entries.entries()) {
        this.inFlight.end(entry);
        const row = result.rows.subarray(i * hiddenSize, (i + 1) * hiddenSize);
        for (const [request, positions] of entry.waiters) {
          for (const index of positions) request.accept(index, row, { batchId, now, inferMilliseconds });
        }
      }
    } catch (error) {
      this.afterFailure(entries, isRetry, error);
    } finally {
      this.underWay.end(batch, clock.now());
      this.cancelSendAhead?.();
      this.cancelSendAhead = undefined;
      this.dispatch();
    }
  }

  private afterFailure(entries: Entry[], isRetry: boolean, error: unknown): void {
    const { state } = this.options.engine;
    if (error instanceof EngineLostError && !isRetry && state !== 'failed' && state !== 'closed') {
      this.retries.push({ entries, isRetry: true });
      return;
    }
    const failure =
      error instanceof EngineLostError
        ? new HotvecError('engine_restarting', 'The inference engine was lost while it computed this request.', {
            retryAfterMs: restartRetry(this.options.engine),
            cause: error,
          })
        : new HotvecError('inference_failed', 'The inference engine could not compute this request.', { cause: error });
    for (const entry of entries) this.inFlight.end(entry);
    for (const request of waitersOf(entries)) request.fail(failure);
  }

  /** The engine will not come back: nobody shall wait for it. */
  private failAll(state: 'failed' | 'closed'): void {
    const failure =
      state === 'closed'
        ? new HotvecError('draining', 'The server shut down before this request was computed.', {
            retryAfterMs: restartRetry(this.options.engine),
          })
        : new HotvecError('not_ready', 'The inference engine failed and was given up.', {
            retryAfterMs: restartRetry(this.options.engine),
          });
    const lost = this.retries.flatMap(({ entries }) => entries);
    this.retries = [];
    for (const entry of lost) this.inFlight.end(entry);
    for (const request of [...this.queue.drain(), ...waitersOf(lost)]) request.fail(failure);
  }
}

function waitersOf(entries: readonly Entry[]): PendingRequest[] {
  return entries.flatMap(({ waiters }) => [...waiters.keys()]);
}

function abandoned(): HotvecError {
  return new HotvecError('client_closed_request', 'The client went away before the answer.');
}

function tooLate(): HotvecError {
  return new HotvecError('deadline_exceeded', 'The deadline passed before the request was computed.');
}
