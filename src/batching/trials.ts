import type { Clock } from '../clock.ts';
import { type Engine, EngineLostError } from '../engine/engine.ts';
import { messageOf } from '../errors.ts';
import type { PoisonList } from './poison-list.ts';
import { notComputed, poisoned } from './request-failures.ts';
import type { Entry, SequencesInFlight } from './sequences-in-flight.ts';
import { type Attempt, type Evidence, NO_EVIDENCE, SuspectBatches } from './suspect-batches.ts';

/** An input that cannot be computed, for the log. Its text is not told. */
export interface PoisonReport {
  tokens: number;
  reason: string;
  /** For how long it is refused; 0: it may be tried again. */
  refusedForMs: number;
}

export interface TrialsOptions {
  engine: Engine;
  clock: Clock;
  /** [0, 1): the moments at which suspects are tried. */
  random: () => number;
  /** An input was found that the engine was lost under repeatedly, or could not compute. */
  onPoison?: ((input: PoisonReport) => void) | undefined;
  /** An input that had been refused was computed after all. */
  onAcquittal?: ((input: { tokens: number }) => void) | undefined;
}

/** How a batch ended without rows. */
export interface BatchFailure {
  batchId: number;
  error: unknown;
  /** How long it had been with the engine. */
  milliseconds: number;
}

/**
 * What becomes of batches that failed, and of inputs that did it before. A batch comes back in parts
 * (suspect-batches.ts), until what does it is alone; that is refused, and remembered (poison-list.ts).
 */
export class Trials {
  private readonly options: TrialsOptions;
  private readonly inFlight: SequencesInFlight;
  private readonly poison: PoisonList;
  private readonly suspects: SuspectBatches;
  private underWay = 0;
  private readonly onDue: () => void;
  private cancelWake = () => {};

  /** @param onDue called when the moment of a trial has come, to `wake` it. */
  constructor(options: TrialsOptions, inFlight: SequencesInFlight, poison: PoisonList, onDue: () => void) {
    this.options = options;
    this.inFlight = inFlight;
    this.poison = poison;
    this.suspects = new SuspectBatches(options.random);
    this.onDue = onDue;
  }

  /** Whether there is something to be tried now. */
  get isNextDue(): boolean {
    return this.suspects.count > 0;
  }

  /** Whether the next batch may only go to a process that has no other: else another request is lost with a suspect. */
  get needsIdleProcess(): boolean {
    return this.suspects.isNextSuspect || this.underWay > 0;
  }

  /** An engine is there: lets those whose moment has come be tried. */
  wake(): void {
    const { clock } = this.options;
    this.cancelWake();
    const next = this.suspects.wake(clock.now());
    if (next < Number.POSITIVE_INFINITY) this.cancelWake = clock.after(next, this.onDue);
  }

  /** What is to be sent next; undefined: whatever waits in the queue. */
  next(): Attempt | undefined {
    return this.suspects.shift();
  }

  /** A batch of what waited in the queue. What is known from before is taken out of it, and tried alone. */
  withoutSuspects(entries: readonly Entry[]): Attempt {
    const batch = { losses: 0, hunt: null, evidence: NO_EVIDENCE, isAtRandom: false };
    if (this.poison.size === 0) return { ...batch, entries };
    const strangers = entries.filter((entry) => {
      const evidence = this.poison.evidenceAgainst(entry.key);
      if (evidence !== undefined) this.suspects.addKnown(entry, evidence);
      return evidence === undefined;
    });
    return { ...batch, entries: strangers };
  }

  /** The entries that someone is still waiting for; the others are forgotten, but not the evidence against them. */
  wanted({ entries, hunt, evidence }: Attempt): Entry[] {
    return entries.filter((entry) => {
      if (entry.waiters.size > 0) return true;
      if (hunt !== null && entries.length === 1) this.poison.suspect(entry.key, evidence);
      this.inFlight.end(entry);
      return false;
    });
  }

  began({ hunt }: Attempt): void {
    if (hunt !== null) this.underWay += 1;
  }

  ended({ hunt }: Attempt): void {
    if (hunt !== null) this.underWay -= 1;
  }

  /** The engine computed it: nothing speaks against its entries any more. */
  passed({ entries, hunt }: Attempt): void {
    if (hunt === null) return;
    for (const { key, tokenIds } of entries) {
      if (this.poison.acquit(key)) this.options.onAcquittal?.({ tokens: tokenIds.length });
    }
  }

  /** It comes again, whole or in parts; or its only entry is refused. */
  failed(attempt: Attempt, failure: BatchFailure): void {
    const { error, milliseconds } = failure;
    const isLost = error instanceof EngineLostError;
    if (isLost && !error.wasComputing) {
      this.suspects.addInnocent(attempt);
      return;
    }
    if (isLost && attempt.hunt === null) this.exonerate();
    const evidence = this.suspects.addFailed(
      attempt,
      isLost ? { kind: 'lost', isFresh: error.wasFresh, milliseconds } : { kind: 'not_computed' },
    );
    if (evidence !== undefined) this.condemn(attempt.entries[0] as Entry, evidence, failure);
  }

  /** The engine was lost under something that is no suspect, or under nothing: something else ends engines, too. */
  exonerate(): void {
    this.suspects.exonerate();
    this.poison.exonerate();
  }

  /** The engine will not come back: nothing is tried any more. @returns what was to be. */
  abandon(): readonly Entry[] {
    return this.suspects.drain();
  }

  /**
   * It was alone when it failed. What killed the engine is refused for a while; what it could not compute may be sent
   * again.
   */
  private condemn(entry: Entry, evidence: Evidence, { batchId, error }: BatchFailure): void {
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
}
