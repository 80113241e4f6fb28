import { type BatchResult, rowOffsetsOf, toBatch } from '../engine/protocol.ts';
import type { HotvecError } from '../errors.ts';
import { refusal } from './admission.ts';
import type { BatchMeter } from './batch-meter.ts';
import { BatchesUnderWay } from './batches-under-way.ts';
import type { FairQueue } from './fair-queue.ts';
import type { PendingRequest } from './pending-request.ts';
import type { PoisonList } from './poison-list.ts';
import type { Entry, SequencesInFlight } from './sequences-in-flight.ts';
import type { Attempt } from './suspect-batches.ts';
import { Trials, type TrialsOptions } from './trials.ts';

export interface DispatcherOptions extends TrialsOptions {
  /** Width of a row. */
  hiddenSize: number;
  /** A fresh meter for each batch. */
  createMeter: () => BatchMeter;
  /** To what part of its meter bulk may fill a batch while queries come, in (0, 1]; left out: all of it. */
  partBesideQueries?: () => number;
  onBatch?: (batch: BatchReport) => void;
}

/** One computed batch, for metrics. */
export interface BatchReport extends Pick<BatchResult, 'computedTokens' | 'inferMilliseconds'> {
  batchId: number;
  items: number;
  tokens: number;
}

/** Batches sent to an engine process and not answered: one computing, one waiting in its channel. */
const MAX_UNDER_WAY = 2;
/** Who asked a query so lately may ask another, in milliseconds: as fast as people read what they were shown. */
const QUERIES_COME_MS = 5_000;
/** Bulk waits so long for a query that is on its way, at most: one that is answered without a batch shall not stop it. */
const LONGEST_WAIT_MS = 5;

/**
 * Takes batches from the queue to the engine, and their rows to the requests that wait for them.
 *
 * There is no wait timer. A batch forms when the engine is free, from whatever is there: a lone request goes at once,
 * and under load batches fill by themselves while the engine computes. A second batch is sent ahead, so that the engine
 * never idles between two, but only shortly before the first is expected to end: until then it may still grow, and
 * requests that arrive in the meantime get a place in it.
 *
 * While queries come, bulk makes way for them: it is not sent ahead, nor while a query is being tokenized, which would
 * wait for it. The engine waits for a message between two batches then, and the tokenizer has its cores.
 *
 * A batch that fails comes back in parts (trials.ts). While one of those is with an engine process, nothing is sent
 * behind it, so that no other request is lost with it.
 */
export class Dispatcher {
  private readonly options: DispatcherOptions;
  private readonly queue: FairQueue;
  private readonly inFlight: SequencesInFlight;
  private readonly underWay = new BatchesUnderWay();
  private readonly trials: Trials;
  private cancelSendAhead: (() => void) | undefined;
  private queriesOnTheirWay = 0;
  /** Bulk has been waiting for a query that is on its way, and may have been for too long. */
  private bulkWait: { isOver: boolean } | undefined;
  private nextBatchId = 0;

  constructor(options: DispatcherOptions, queue: FairQueue, inFlight: SequencesInFlight, poison: PoisonList) {
    this.options = options;
    this.queue = queue;
    this.inFlight = inFlight;
    this.trials = new Trials(options, inFlight, poison, () => this.dispatch());
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
    if (engine.state === 'ready') this.trials.wake();
    while (engine.state === 'ready' && this.underWay.count < MAX_UNDER_WAY * engine.processesReady) {
      if (!this.trials.isNextDue && (this.queue.requests === 0 || this.bulkMakesWay())) return;
      if (engine.processesIdle === 0 && (this.trials.needsIdleProcess || !this.isTimeToSendAhead())) return;
      const attempt = this.trials.next() ?? this.trials.withoutSuspects(this.takeBatch());
      const entries = this.trials.wanted(attempt);
      if (entries.length > 0) void this.runBatch({ ...attempt, entries });
    }
  }

  /** A query is on its way here. @returns to be called just before it is submitted, or when it will not be. */
  expectQuery(): () => void {
    this.queriesOnTheirWay += 1;
    const arrived = () => {
      this.queriesOnTheirWay -= 1;
      this.dispatch();
    };
    return () => setImmediate(arrived);
  }

  /** An engine was lost, with batches or with none; of those `run` tells. */
  engineLost(): void {
    if (this.underWay.count === 0) this.trials.exonerate();
  }

  /** The engine will not come back: nothing may wait for what was to be resent. */
  failSuspects(failure: HotvecError): void {
    this.fail(this.trials.abandon(), failure);
  }

  private takeBatch(): Entry[] {
    const { createMeter, partBesideQueries } = this.options;
    this.bulkWait = undefined;
    return this.queue.takeBatch(createMeter(), this.queriesCome ? partBesideQueries?.() : 1);
  }

  private get queriesCome(): boolean {
    return this.options.clock.now() - this.queue.lastQueryAt < QUERIES_COME_MS;
  }

  /** Whether bulk, which alone waits, is not to be sent now; `dispatch` is called when it may be. */
  private bulkMakesWay(): boolean {
    const { clock, engine } = this.options;
    if (!this.queue.isBulkAlone) return false;
    if (engine.processesIdle === 0) return this.queriesCome;
    if (this.queriesOnTheirWay === 0 || this.queue.isBulksTurn) return false;
    if (this.bulkWait === undefined) {
      const wait = { isOver: false };
      this.bulkWait = wait;
      // By the timer, not the clock: it may fire a moment before the time has passed, and would be the last to look.
      clock.after(LONGEST_WAIT_MS, () => {
        wait.isOver = true;
        this.dispatch();
      });
    }
    return !this.bulkWait.isOver;
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
    const { entries } = attempt;
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
    this.trials.began(attempt);
    try {
      const result = await engine.run(sent, { isSuspect: (attempt.hunt?.forgiven ?? 0) > 0 });
      const { computedTokens, inferMilliseconds } = result;
      this.underWay.observe(batch, inferMilliseconds);
      const tokens = tokenIds.length;
      this.options.onBatch?.({ batchId, items: entries.length, tokens, computedTokens, inferMilliseconds });
      this.trials.passed(attempt);
      this.handOut(entries, rowOffsets, batchId, result);
    } catch (error) {
      if (engine.state === 'failed' || engine.state === 'closed') this.fail(entries, refusal(engine) as HotvecError);
      else this.trials.failed(attempt, { batchId, error, milliseconds: clock.now() - batch.sentAt });
    } finally {
      this.trials.ended(attempt);
      this.underWay.end(batch, clock.now());
      this.cancelSendAhead?.();
      this.cancelSendAhead = undefined;
      this.dispatch();
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

  private fail(entries: readonly Entry[], failure: HotvecError): void {
    for (const entry of entries) this.inFlight.end(entry);
    for (const request of waitersOf(entries)) request.fail(failure);
  }
}

function waitersOf(entries: readonly Entry[]): PendingRequest[] {
  return entries.flatMap(({ waiters }) => [...waiters.keys()]);
}
