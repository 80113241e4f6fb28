import type { Clock } from '../clock.ts';
import { type Engine, EngineLostError } from '../engine/engine.ts';
import { type BatchResult, rowOffsetsOf, toBatch } from '../engine/protocol.ts';
import { type HotvecError, messageOf } from '../errors.ts';
import { refusal } from './admission.ts';
import type { BatchMeter } from './batch-meter.ts';
import { BatchesUnderWay } from './batches-under-way.ts';
import type { FairQueue } from './fair-queue.ts';
import type { PendingRequest } from './pending-request.ts';
import type { PoisonList } from './poison-list.ts';
import { notComputed, poisoned } from './request-failures.ts';
import type { Entry, SequencesInFlight } from './sequences-in-flight.ts';
import { type Attempt, type Evidence, NO_EVIDENCE, SuspectBatches } from './suspect-batches.ts';

export interface DispatcherOptions {
  engine: Engine;
  clock: Clock;
  /** Width of a row. */
  hiddenSize: number;
  /** A fresh meter for each batch. */
  createMeter: () => BatchMeter;
  onBatch?: (batch: BatchReport) => void;
  /** [0, 1): the moments at which suspects are tried. */
  random: () => number;
  /** An input was found that the engine was lost under again and again, or could not compute. */
  onPoison?: ((input: PoisonReport) => void) | undefined;
  /** An input that had been refused was computed after all. */
  onAcquittal?: ((input: { tokens: number }) => void) | undefined;
}

/** One computed batch, for metrics. */
export interface BatchReport extends Pick<BatchResult, 'computedTokens' | 'inferMilliseconds'> {
  batchId: number;
  items: number;
  tokens: number;
}

/** An input that cannot be computed, for the log. Its text is not told. */
export interface PoisonReport {
  tokens: number;
  reason: string;
  /** For how long it is refused; 0: it may be tried again. */
  refusedForMs: number;
}

/** Batches sent to an engine process and not answered: one computing, one waiting in its channel. */
const MAX_UNDER_WAY = 2;

/**
 * Takes batches from the queue to the engine, and their rows to the requests that wait for them.
 *
 * There is no wait timer. A batch forms when the engine is free, from whatever is there: a lone request goes at once,
 * and under load batches fill by themselves while the engine computes. A second batch is sent ahead, so that the engine
 * never idles between two, but only shortly before the first is expected to end: until then it may still grow, and
 * requests that arrive in the meantime get a place in it.
 *
 * A batch that fails comes back in parts (suspect-batches.ts). While one of those is with an engine process, nothing is
 * sent behind it, so that no other request is lost with it.
 */
export class Dispatcher {
  private readonly options: DispatcherOptions;
  private readonly queue: FairQueue;
  private readonly inFlight: SequencesInFlight;
  private readonly poison: PoisonList;
  private readonly underWay = new BatchesUnderWay();
  private readonly suspects: SuspectBatches;
  private suspectsUnderWay = 0;
  private cancelSendAhead: (() => void) | undefined;
  private cancelWake = () => {};
  private nextBatchId = 0;

  constructor(options: DispatcherOptions, queue: FairQueue, inFlight: SequencesInFlight, poison: PoisonList) {
    this.options = options;
    this.queue = queue;
    this.inFlight = inFlight;
    this.poison = poison;
    this.suspects = new SuspectBatches(options.random);
  }

  /** Tokens of the batches that were sent and not answered. */
  get tokensUnderWay(): number {
    return this.underWay.tokens;
  }

  /** Tokens a second over the recent batches, of all processes together; before the first, as measured at warm-up. */
  get tokensPerSecond(): number {
    const { engine } = this.options;
    return this.underWay.tokensPerSecond * Math.max(1, engine.processesReady) || (engine.info?.tokensPerSecond ?? 0);
  }

  /** Sends what may be sent. Called whenever something changed: a request came, a batch ended, the engine came back. */
  dispatch(): void {
    const { engine } = this.options;
    if (engine.state === 'ready') this.wakeSuspects();
    while (engine.state === 'ready' && this.underWay.count < MAX_UNDER_WAY * engine.processesReady) {
      if (this.suspects.count === 0 && this.queue.requests === 0) return;
      const wantsIdle = this.suspects.isNextSuspect || this.suspectsUnderWay > 0;
      if (engine.processesIdle === 0 && (wantsIdle || !this.isTimeToSendAhead())) return;
      const attempt = this.suspects.shift() ?? this.takeFromQueue();
      const entries = attempt.entries.filter((entry) => this.isWanted(entry, attempt));
      if (entries.length > 0) void this.runBatch({ ...attempt, entries });
    }
  }

  /** An engine was lost, with batches or with none; of those `run` tells. */
  engineLost(): void {
    if (this.underWay.count === 0) this.exonerate();
  }

  /** The engine will not come back: nothing may wait for what was to be resent. */
  failSuspects(failure: HotvecError): void {
    this.fail(this.suspects.drain(), failure);
  }

  /** A batch of what waits. What is known from before is taken out of it, and tried alone. */
  private takeFromQueue(): Attempt {
    const entries = this.queue.takeBatch(this.options.createMeter());
    const batch = { losses: 0, hunt: null, evidence: NO_EVIDENCE, isAtRandom: false };
    if (this.poison.size === 0) return { ...batch, entries };
    const strangers = entries.filter((entry) => {
      const evidence = this.poison.evidenceAgainst(entry.key);
      if (evidence !== undefined) this.suspects.addKnown(entry, evidence);
      return evidence === undefined;
    });
    return { ...batch, entries: strangers };
  }

  private wakeSuspects(): void {
    const { clock } = this.options;
    this.cancelWake();
    const next = this.suspects.wake(clock.now());
    if (next < Number.POSITIVE_INFINITY) this.cancelWake = clock.after(next, () => this.dispatch());
  }

  private exonerate(): void {
    this.suspects.exonerate();
    this.poison.exonerate();
  }

  /** Whether anybody still waits for it; if not, it is forgotten, but not what speaks against it. */
  private isWanted(entry: Entry, { entries, hunt, evidence }: Attempt): boolean {
    if (entry.waiters.size > 0) return true;
    if (hunt !== null && entries.length === 1) this.poison.suspect(entry.key, evidence);
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

  private async runBatch(attempt: Attempt): Promise<void> {
    const { entries, hunt } = attempt;
    const { engine, clock } = this.options;
    const batchId = this.nextBatchId++;
    const sent = toBatch(
      entries.map((entry) => entry.tokenIds),
      entries.map(({ perToken }) => perToken),
    );
    const { tokenIds } = sent;
    const rowOffsets = rowOffsetsOf(sent);
    const batch = this.underWay.start(tokenIds.length, clock.now());
    for (const request of waitersOf(entries)) request.takenUp();
    if (hunt !== null) this.suspectsUnderWay += 1;
    try {
      const result = await engine.run(sent, { isSuspect: (hunt?.forgiven ?? 0) > 0 });
      const { computedTokens, inferMilliseconds } = result;
      this.underWay.observe(batch, inferMilliseconds);
      const tokens = tokenIds.length;
      this.options.onBatch?.({ batchId, items: entries.length, tokens, computedTokens, inferMilliseconds });
      if (hunt !== null) this.acquit(entries);
      this.handOut(entries, rowOffsets, batchId, result);
    } catch (error) {
      this.afterFailure(attempt, batchId, { error, milliseconds: clock.now() - batch.sentAt });
    } finally {
      if (hunt !== null) this.suspectsUnderWay -= 1;
      this.underWay.end(batch, clock.now());
      this.cancelSendAhead?.();
      this.cancelSendAhead = undefined;
      this.dispatch();
    }
  }

  private acquit(entries: readonly Entry[]): void {
    for (const { key, tokenIds } of entries) {
      if (this.poison.acquit(key)) this.options.onAcquittal?.({ tokens: tokenIds.length });
    }
  }

  /** Gives each entry's rows to everybody who waits for them. */
  private handOut(
    entries: readonly Entry[],
    rowOffsets: Int32Array,
    batchId: number,
    { rows, inferMilliseconds }: BatchResult,
  ): void {
    const { clock, hiddenSize } = this.options;
    const arrival = { batchId, batchItems: entries.length, now: clock.now(), inferMilliseconds };
    for (const [i, entry] of entries.entries()) {
      this.inFlight.end(entry);
      const row = rows.subarray((rowOffsets[i] as number) * hiddenSize, (rowOffsets[i + 1] as number) * hiddenSize);
      for (const [request, positions] of entry.waiters) {
        for (const index of positions) request.accept(index, row, arrival);
      }
    }
  }

  private afterFailure(
    attempt: Attempt,
    batchId: number,
    { error, milliseconds }: { error: unknown; milliseconds: number },
  ): void {
    const { engine } = this.options;
    const { entries } = attempt;
    if (engine.state === 'failed' || engine.state === 'closed') {
      this.fail(entries, refusal(engine) as HotvecError);
    } else if (error instanceof EngineLostError && !error.wasComputing) {
      this.suspects.addInnocent(attempt);
    } else {
      const isLost = error instanceof EngineLostError;
      if (isLost && attempt.hunt === null) this.exonerate();
      const evidence = this.suspects.addFailed(
        attempt,
        isLost ? { kind: 'lost', isFresh: error.wasFresh, milliseconds } : { kind: 'not_computed' },
      );
      if (evidence !== undefined) this.condemn(entries[0] as Entry, batchId, { error, evidence });
    }
  }

  /**
   * It was alone when it failed. What killed the engine is refused for a while; what it could not compute may be sent
   * again.
   */
  private condemn(entry: Entry, batchId: number, { error, evidence }: { error: unknown; evidence: Evidence }): void {
    const isDeadly = error instanceof EngineLostError;
    const now = this.options.clock.now();
    const refusedForMs = isDeadly ? this.poison.condemn(entry.key, evidence, now) : 0;
    this.options.onPoison?.({ tokens: entry.tokenIds.length, reason: messageOf(error), refusedForMs });
    this.inFlight.end(entry);
    const failure = isDeadly ? poisoned(error) : notComputed(error);
    const arrival = { batchId, batchItems: 1, now, inferMilliseconds: 0 };
    for (const [request, positions] of entry.waiters) {
      for (const index of positions) request.refuse(index, failure, arrival);
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
