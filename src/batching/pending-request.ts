import type { HotvecError } from '../errors.ts';
import { defaultPriority, type Priority } from './priority.ts';
import { type Entry, SequencesInFlight } from './sequences-in-flight.ts';

export interface SubmitOptions {
  /** Aborted when no one is waiting for the response any more. */
  signal?: AbortSignal | undefined;
  /** Time on the batcher's clock, in milliseconds, after which the answer is worth nothing. */
  deadline?: number | undefined;
  /** Name of the API key the request came with, for its share of the queue. */
  owner?: string | undefined;
  /** The lane to wait in; left out: by the size of the request. */
  priority?: Priority | undefined;
  /** What a sequence that cannot be computed does: `fail` the request, or leave it its other rows. Default: `fail`. */
  onError?: 'fail' | 'partial' | undefined;
  /** Whether a row per token is requested instead of one pooled row per sequence. Default: no. */
  perToken?: boolean | undefined;
  /** Called when a batch has the first of its sequences. */
  onTakenUp?: (() => void) | undefined;
  /** `Batcher.expect` let it in: what it was tokenized for is not refused for a few tokens. */
  wasExpected?: boolean | undefined;
}

export interface SubmitResult {
  /**
   * One pooled row of hiddenSize numbers a sequence, in the order submitted, not normalized; with `perToken` the rows of its
   * tokens, one after the other. Views: do not write.
   */
  rows: Float32Array[];
  /** Why a position has no row; empty but for `onError: 'partial'`. */
  failures: ReadonlyMap<number, HotvecError>;
  facts: ComputeFacts;
}

/** How the rows of a request were computed. */
export interface ComputeFacts {
  /** Milliseconds from admission until the engine took up the first batch with a sequence of it, and to the last row. */
  timings: { queue: number; infer: number };
  /** How many batches its rows came from; id and sequences of the last, null when there was nothing to compute. */
  batches: number;
  lastBatchId: number | null;
  lastBatchItems: number | null;
  /** Sequences that were in flight already, for another request or twice in this one: they cost nothing. */
  shared: number;
}

/** When and where a row was computed. */
export interface Arrival {
  batchId: number;
  /** Sequences of the batch. */
  batchItems: number;
  /** Time on the batcher's clock, in milliseconds. */
  now: number;
  inferMilliseconds: number;
}

/**
 * A request in the batcher: sequences still to be batched, rows that have arrived, and the promise that ends it.
 * It settles exactly once; whatever happens after that finds `settled` true and does nothing.
 */
export class PendingRequest {
  private readonly inFlight: SequencesInFlight;
  /** One for each sequence; the same one where sequences are equal. */
  private readonly entries: readonly Entry[];
  /**
   * What no batch had when the request came, in the order it is batched: longest first. Neighbors are of like length,
   * so that batches are too, and padding is rare; no answer depends on it.
   */
  private readonly order: readonly Entry[];
  readonly owner: string | undefined;
  /** The lane of its first turn. */
  readonly priority: Priority;
  readonly submittedAt: number;
  settled = false;
  /** Called once, when a batch has the first of its sequences. */
  onTakenUp: (() => void) | undefined;
  /** Tokens that it brought to the queue, and that no batch has. */
  queuedTokens: number;
  /** Tokens it may take in its turn (deficit round-robin). */
  deficit = 0;
  private next = 0;
  /** Sequences it took to a batch itself. */
  private taken = 0;
  private arrived = 0;
  private readonly rows: Float32Array[];
  private readonly failures = new Map<number, HotvecError>();
  private readonly onError: 'fail' | 'partial';
  private takenUpAt: number | undefined;
  /** Sequences of each batch that brought rows, by its id. */
  private readonly batchSizes = new Map<number, number>();
  private readonly onSettled: (outcome: SubmitResult | HotvecError) => void;

  constructor(
    sequences: readonly Int32Array[],
    { owner, priority, onError = 'fail', perToken }: Pick<SubmitOptions, 'owner' | 'priority' | 'onError' | 'perToken'>,
    submittedAt: number,
    onSettled: (outcome: SubmitResult | HotvecError) => void,
    inFlight = new SequencesInFlight(),
  ) {
    this.inFlight = inFlight;
    this.owner = owner;
    this.onError = onError;
    this.submittedAt = submittedAt;
    this.onSettled = onSettled;
    this.rows = new Array(sequences.length);
    this.entries = sequences.map((tokenIds, index) => inFlight.join(tokenIds, this, index, perToken));
    this.order = [...new Set(this.entries)]
      .filter(({ isTaken }) => !isTaken)
      .sort((a, b) => b.tokenIds.length - a.tokenIds.length);
    this.queuedTokens = this.order.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    this.priority = priority ?? defaultPriority(sequences.length, this.queuedTokens);
  }

  /** The next sequence to be batched; undefined when all are. What another request took to a batch is skipped. */
  peek(): Entry | undefined {
    for (let entry = this.order[this.next]; entry?.isTaken; entry = this.order[this.next]) this.skip(entry);
    return this.order[this.next];
  }

  /** Takes the sequence that `peek` showed to a batch. */
  advance(): void {
    const entry = this.order[this.next] as Entry;
    entry.isTaken = true;
    this.taken += 1;
    this.skip(entry);
  }

  /** Those of its sequences that are among `keys` will not be computed: refuses them before any is batched. */
  refuseKnown(keys: { size: number; has: (key: string) => boolean }, error: () => HotvecError): void {
    if (keys.size === 0) return;
    for (const entry of new Set(this.entries)) {
      if (!keys.has(entry.key)) continue;
      entry.isTaken = true;
      this.inFlight.end(entry);
      for (const index of entry.waiters.get(this) ?? []) this.refuse(index, error());
    }
  }

  /** A batch has one of its sequences, no matter which request put it there. */
  takenUp(): void {
    this.onTakenUp?.();
    this.onTakenUp = undefined;
  }

  /** Takes the row of one sequence, which the engine computed in the last `inferMilliseconds`; settles with the last one. */
  accept(index: number, row: Float32Array, arrival: Arrival): void {
    if (this.settled) return;
    this.arrive(index, arrival);
    this.rows[index] = row;
    this.settleWhenComplete(arrival);
  }

  /** One sequence could not be computed, and never will be. `arrival`: the batch that showed it, if it was in one. */
  refuse(index: number, error: HotvecError, arrival?: Arrival): void {
    if (this.onError === 'fail') this.fail(error);
    if (this.settled) return;
    this.arrive(index, arrival);
    this.failures.set(index, error);
    this.settleWhenComplete(arrival ?? { now: this.submittedAt });
  }

  fail(error: HotvecError): void {
    if (this.settled) return;
    for (const entry of this.entries) this.inFlight.leave(entry, this);
    this.settle(error);
  }

  private arrive(index: number, arrival: Arrival | undefined): void {
    if (this.rows[index] !== undefined || this.failures.has(index)) {
      throw new Error(`sequence ${index} was answered twice`);
    }
    this.arrived += 1;
    if (arrival === undefined) return;
    this.batchSizes.set(arrival.batchId, arrival.batchItems);
    // A batch may wait in the engine's channel: that is waiting, not computing.
    this.takenUpAt ??= Math.max(this.submittedAt, arrival.now - arrival.inferMilliseconds);
  }

  private settleWhenComplete({ now }: Pick<Arrival, 'now'>): void {
    if (this.arrived < this.entries.length) return;
    const takenUpAt = this.takenUpAt ?? now;
    const lastBatchId = this.batchSizes.size === 0 ? null : Math.max(...this.batchSizes.keys());
    this.settle({
      rows: this.rows,
      failures: this.failures,
      facts: {
        timings: { queue: takenUpAt - this.submittedAt, infer: now - takenUpAt },
        batches: this.batchSizes.size,
        lastBatchId,
        lastBatchItems: lastBatchId === null ? null : (this.batchSizes.get(lastBatchId) ?? null),
        shared: this.entries.length - this.taken,
      },
    });
  }

  private skip({ tokenIds }: Entry): void {
    this.queuedTokens -= tokenIds.length;
    this.next += 1;
  }

  private settle(outcome: SubmitResult | HotvecError): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled(outcome);
  }
}
