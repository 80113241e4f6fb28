import type { Entry } from './sequences-in-flight.ts';

/** What is known of a batch that failed: which of its entries does it, if any, is to be found out. */
export interface Hunt {
  /** How many more failures are the input's fault, not the engine's: as many as finding one entry takes. */
  forgiven: number;
}

/** Entries that go through the engine together. */
export interface Attempt {
  readonly entries: readonly Entry[];
  /** How often the engine was lost while it computed them. */
  readonly losses: number;
  /** Set once the batch failed: it is a suspect, and goes through the engine with no other behind it. */
  readonly hunt: Hunt | null;
}

/** How an attempt ended without rows: `lost`: the engine died or hung while it computed it; `not_computed`: it said so. */
export type Failure = 'lost' | 'not_computed';

/** An engine may be lost by chance, killed by something else: once more as it was. Twice, and the batch is divided. */
const LOSSES_BEFORE_DIVIDING = 2;
/** Nor is an entry that is alone condemned before the engine was lost so often under it. */
const LOSSES_BEFORE_CONDEMNING = 3;

/**
 * Batches that are to be sent again, first in line.
 *
 * A batch that failed is sent in halves, and the half that fails in quarters, until what does it is alone. All others get
 * their rows. Finding one of n entries takes log2(n) failures, and for a lost engine one more, because the whole batch
 * is tried twice. No entry is tried alone and then again unless its engine was lost, so a hunt ends.
 */
export class SuspectBatches {
  private attempts: Attempt[] = [];

  get count(): number {
    return this.attempts.length;
  }

  /** Whether the next one may do harm. */
  get isNextSuspect(): boolean {
    return this.attempts[0]?.hunt != null;
  }

  shift(): Attempt | undefined {
    return this.attempts.shift();
  }

  /** All entries that were to be sent again; none is any more. */
  drain(): Entry[] {
    const attempts = this.attempts;
    this.attempts = [];
    return attempts.flatMap(({ entries }) => entries);
  }

  /** The engine was lost while the batch waited in its channel: it has done nothing. */
  addInnocent(attempt: Attempt): void {
    this.attempts.push(attempt);
  }

  /**
   * Decides what to do with a batch that failed: it comes again, whole or in halves.
   * @returns false when it will not: a single entry, and the failure is its own.
   */
  addFailed(attempt: Attempt, failure: Failure): boolean {
    const { entries } = attempt;
    const losses = attempt.losses + (failure === 'lost' ? 1 : 0);
    const hunt = attempt.hunt ?? { forgiven: 1 + Math.max(1, Math.ceil(Math.log2(entries.length))) };
    if (attempt.hunt !== null) hunt.forgiven -= 1;
    const isSure = failure === 'not_computed' || losses >= LOSSES_BEFORE_DIVIDING;
    if (isSure && entries.length > 1) {
      const middle = Math.ceil(entries.length / 2);
      const halves = [entries.slice(0, middle), entries.slice(middle)];
      this.attempts.unshift(...halves.map((half) => ({ entries: half, losses, hunt })));
      return true;
    }
    if (failure === 'not_computed' || losses >= LOSSES_BEFORE_CONDEMNING) return false;
    this.attempts.unshift({ entries, losses, hunt });
    return true;
  }
}
