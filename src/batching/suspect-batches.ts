import type { Entry } from './sequences-in-flight.ts';

/** What is known of a batch that failed: which of its entries does it, if any, is to be found out. */
export interface Hunt {
  /** How many more failures are the input's fault, not the engine's: as many as finding one entry takes. */
  forgiven: number;
}

/** Losses of the engine under an entry that was alone in it, since the engine was last lost under something else. */
export interface Evidence {
  readonly alone: number;
  /** It was the first one that the process computed: nothing else had filled its memory. */
  readonly fresh: number;
  /** At a random moment: anything that kills engines from outside would have to hit it. */
  readonly atRandom: number;
}

export const NO_EVIDENCE: Evidence = { alone: 0, fresh: 0, atRandom: 0 };

/** Entries that go through the engine together. */
export interface Attempt {
  readonly entries: readonly Entry[];
  /** How often the engine was lost while it computed them. */
  readonly losses: number;
  /** Set once the batch failed: it is a suspect, and goes through the engine with no other behind it. */
  readonly hunt: Hunt | null;
  readonly evidence: Evidence;
  /** Its moment was chosen by chance. */
  readonly isAtRandom: boolean;
}

/** How an attempt ended without rows: `lost`: the engine died or hung while it computed it; `not_computed`: it said so. */
export type Failure =
  | { kind: 'not_computed' }
  /** `milliseconds`: how long it had computed. */
  | { kind: 'lost'; isFresh: boolean; milliseconds: number };

interface Waiting {
  attempt: Attempt;
  milliseconds: number;
  /** On the batcher's clock; undefined until a process is there that it could go through. */
  dueAt: number | undefined;
}

/** An engine may be lost by chance, killed by something else: once more as it was. Twice, and the batch is divided. */
const LOSSES_BEFORE_DIVIDING = 2;
/** What speaks against an entry before it is condemned. */
const FRESH_BEFORE_CONDEMNING = 1;
const AT_RANDOM_BEFORE_CONDEMNING = 2;
/** With several processes chance may never give it a fresh one: so often it is tried for that, and then without. */
const TRIALS_FOR_FRESH = 2;
const ALONE_BEFORE_CONDEMNING = 4;
/** A trial at random comes within so long, or within so many times what the entry takes: it is a small part of that. */
const SHORTEST_SPAN_MS = 2_000;
const SPAN_PER_DURATION = 10;
const LONGEST_SPAN_MS = 30_000;

/**
 * Batches that are to be sent again, first in line.
 *
 * A batch that failed is sent in halves, and the half that fails in quarters, until what does it is alone. All others
 * get their rows. Finding one of n entries takes log2(n) failures, and for a lost engine one more, because the whole
 * batch is tried twice.
 *
 * An entry that is alone has no neighbors to blame, but the engine may still have been killed from outside, or for the
 * memory that others had filled. So it is tried as the first thing of a fresh process, and then at moments that chance
 * chooses, while others are served in between. If the engine is lost meanwhile under something that is not a suspect,
 * or under nothing, then something else ends engines, and the evidence against the suspects is void.
 */
export class SuspectBatches {
  private readonly random: () => number;
  private attempts: Attempt[] = [];
  private waiting: Waiting[] = [];

  /** @param random [0, 1). */
  constructor(random: () => number) {
    this.random = random;
  }

  /** Those that may be sent now. */
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

  /**
   * An engine is there: lets those whose moment has come be sent.
   * @returns milliseconds until the next moment; infinite: there is none.
   */
  wake(now: number): number {
    for (const one of this.waiting) one.dueAt ??= now + one.milliseconds;
    const due = this.waiting.filter(({ dueAt = now }) => dueAt <= now);
    this.attempts.push(...due.map(({ attempt }) => attempt));
    this.waiting = this.waiting.filter((one) => !due.includes(one));
    return Math.min(...this.waiting.map(({ dueAt = now }) => dueAt - now));
  }

  /** All entries that were waiting to be resent; none is any more. */
  drain(): Entry[] {
    const attempts = [...this.attempts, ...this.waiting.map(({ attempt }) => attempt)];
    this.attempts = [];
    this.waiting = [];
    return attempts.flatMap(({ entries }) => entries);
  }

  /** The engine was lost while the batch waited in its channel: it has done nothing. */
  addInnocent(attempt: Attempt): void {
    this.attempts.push(attempt);
  }

  /** An entry against which something speaks from before. What it does now is held against the engine, too. */
  addKnown(entry: Entry, evidence: Evidence): void {
    const hunt = { forgiven: 0 };
    this.attempts.push({ entries: [entry], losses: LOSSES_BEFORE_DIVIDING, hunt, evidence, isAtRandom: true });
  }

  /** The engine was lost, and none of these did it: all their losses may have been of that kind. */
  exonerate(): void {
    const waiting = this.waiting.map(({ attempt }) => attempt);
    this.waiting = [];
    this.attempts = [...this.attempts, ...waiting].map((attempt) => ({
      ...attempt,
      evidence: NO_EVIDENCE,
      isAtRandom: false,
    }));
  }

  /**
   * Decides what to do with a batch that failed: it comes again, whole or in halves, at once or later.
   * @returns what speaks against it when it will not: a single entry, and the failure is its own.
   */
  addFailed(attempt: Attempt, failure: Failure): Evidence | undefined {
    const { entries } = attempt;
    const losses = attempt.losses + (failure.kind === 'lost' ? 1 : 0);
    const hunt = attempt.hunt ?? { forgiven: failuresToFind(entries.length) };
    if (attempt.hunt !== null) hunt.forgiven -= 1;
    // The moments of those that wait are counted from the next process on.
    if (failure.kind === 'lost') for (const one of this.waiting) one.dueAt = undefined;
    const again = { losses, hunt, evidence: NO_EVIDENCE, isAtRandom: false };
    const isSure = failure.kind === 'not_computed' || losses >= LOSSES_BEFORE_DIVIDING;
    if (isSure && entries.length > 1) {
      const middle = Math.ceil(entries.length / 2);
      const halves = [entries.slice(0, middle), entries.slice(middle)];
      this.attempts.unshift(...halves.map((half) => ({ ...again, entries: half })));
      return undefined;
    }
    if (failure.kind === 'not_computed') return attempt.evidence;
    if (entries.length > 1 || attempt.hunt === null) {
      this.attempts.unshift({ ...again, entries });
      return undefined;
    }
    const evidence = {
      alone: attempt.evidence.alone + 1,
      fresh: attempt.evidence.fresh + (failure.isFresh ? 1 : 0),
      atRandom: attempt.evidence.atRandom + (attempt.isAtRandom ? 1 : 0),
    };
    const wasFresh = evidence.fresh >= FRESH_BEFORE_CONDEMNING;
    const isClear = wasFresh || evidence.alone >= ALONE_BEFORE_CONDEMNING;
    if (isClear && evidence.atRandom >= AT_RANDOM_BEFORE_CONDEMNING) return evidence;
    if (!wasFresh && evidence.alone < TRIALS_FOR_FRESH) this.attempts.unshift({ ...again, entries, evidence });
    else {
      const span = Math.min(LONGEST_SPAN_MS, Math.max(SHORTEST_SPAN_MS, SPAN_PER_DURATION * failure.milliseconds));
      const milliseconds = span * this.random();
      const next = { ...again, entries, evidence, isAtRandom: true };
      this.waiting.push({ attempt: next, milliseconds, dueAt: undefined });
    }
    return undefined;
  }
}

/** Once more whole, the halvings, and the trials of the one that is found: the last halving may have found it in a process that others had used. */
function failuresToFind(entries: number): number {
  return 1 + Math.ceil(Math.log2(entries)) + FRESH_BEFORE_CONDEMNING + AT_RANDOM_BEFORE_CONDEMNING;
}
