import type { HotvecError } from '../errors.ts';

export interface SubmitOptions {
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal | undefined;
  /** Time on the batcher's clock, in milliseconds, after which the answer is worth nothing. */
  deadline?: number | undefined;
  /** Name of the API key the request came with, for its share of the queue. */
  owner?: string | undefined;
}

export interface SubmitResult {
  /** One pooled row of hiddenSize numbers a sequence, in the order submitted, not normalized. Views: do not write. */
  rows: Float32Array[];
  /** From admission until the engine took up the first batch that held a sequence of the request. */
  queueMilliseconds: number;
  /** From then to the last row. */
  inferMilliseconds: number;
  /** How many batches its sequences were spread over, and the id of the last. */
  batches: number;
  lastBatchId: number;
}

/** One sequence of a request, the unit that batches are made of. */
export interface Entry {
  request: PendingRequest;
  /** Position in the request. */
  index: number;
  tokenIds: Int32Array;
}

/**
 * A request in the batcher: sequences still to be batched, rows that have arrived, and the promise that ends it.
 * It settles exactly once; whatever happens after that finds `settled` true and does nothing.
 */
export class PendingRequest {
  readonly sequences: readonly Int32Array[];
  /**
   * Positions in the order they are batched: longest first. Neighbors are of like length, so that batches are too, and
   * padding is rare; no answer depends on it.
   */
  private readonly order: readonly number[];
  readonly owner: string | undefined;
  readonly submittedAt: number;
  settled = false;
  /** Tokens of all its sequences. */
  readonly tokens: number;
  /** Those not yet in a batch. */
  queuedTokens: number;
  /** Tokens it may take in its turn (deficit round-robin). */
  deficit = 0;
  private next = 0;
  private arrived = 0;
  private readonly rows: Float32Array[];
  private takenUpAt: number | undefined;
  private readonly batchIds = new Set<number>();
  private readonly onSettled: (outcome: SubmitResult | HotvecError) => void;

  constructor(
    sequences: readonly Int32Array[],
    owner: string | undefined,
    submittedAt: number,
    onSettled: (outcome: SubmitResult | HotvecError) => void,
  ) {
    this.sequences = sequences;
    this.owner = owner;
    this.submittedAt = submittedAt;
    this.onSettled = onSettled;
    this.rows = new Array(sequences.length);
    this.order = [...sequences.keys()].sort((a, b) => lengthAt(sequences, b) - lengthAt(sequences, a));
    this.tokens = sequences.reduce((sum, sequence) => sum + sequence.length, 0);
    this.queuedTokens = this.tokens;
  }

  /** The next sequence to be batched; undefined when all are. */
  peek(): Entry | undefined {
    const index = this.order[this.next];
    if (index === undefined) return undefined;
    return { request: this, index, tokenIds: this.sequences[index] as Int32Array };
  }

  /** Moves past the sequence that `peek` showed. */
  advance(): void {
    this.queuedTokens -= lengthAt(this.sequences, this.order[this.next] as number);
    this.next += 1;
  }

  batched(batchId: number): void {
    this.batchIds.add(batchId);
  }

  /** Takes the row of one sequence, which the engine computed in the last `inferMilliseconds`; settles with the last one. */
  accept(index: number, row: Float32Array, now: number, inferMilliseconds: number): void {
    if (this.settled) return;
    // A batch may wait in the engine's channel: that is waiting, not computing.
    this.takenUpAt ??= Math.max(this.submittedAt, now - inferMilliseconds);
    if (this.rows[index] !== undefined) throw new Error(`sequence ${index} was answered twice`);
    this.rows[index] = row;
    this.arrived += 1;
    if (this.arrived < this.sequences.length) return;
    this.settle({
      rows: this.rows,
      queueMilliseconds: this.takenUpAt - this.submittedAt,
      inferMilliseconds: now - this.takenUpAt,
      batches: this.batchIds.size,
      lastBatchId: Math.max(...this.batchIds),
    });
  }

  fail(error: HotvecError): void {
    this.settle(error);
  }

  private settle(outcome: SubmitResult | HotvecError): void {
    if (this.settled) return;
    this.settled = true;
    this.onSettled(outcome);
  }
}

function lengthAt(sequences: readonly Int32Array[], index: number): number {
  return (sequences[index] as Int32Array).length;
}
