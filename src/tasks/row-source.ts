import { setImmediate } from 'node:timers/promises';
import type { Batcher } from '../batching/batcher.ts';
import type { ComputeFacts, SubmitOptions, SubmitResult } from '../batching/pending-request.ts';
import type { HotvecError } from '../errors.ts';

/** Rows that were computed before. */
export interface RowCache {
  keyOf(tokenIds: Int32Array): string;
  /** Shared: not to be written. */
  get(key: string): Float32Array | undefined;
  /** Keeps a copy, if the row is worth keeping. */
  set(key: string, row: Float32Array): void;
}

/** How the rows of a request were come by. */
export interface RowFacts extends ComputeFacts {
  /** How many sequences were found in the cache, and how many were not; null without a cache. */
  cache: { hits: number; misses: number } | null;
}

export interface RowResult extends SubmitResult {
  facts: RowFacts;
}

/** Rows kept between two yields: a millisecond or so. */
const ROWS_PER_SLICE = 256;

/** Where rows come from: out of the cache, if there is one and it has them; else the batcher computes them. */
export class RowSource {
  private readonly batcher: Batcher;
  private readonly cache: RowCache | null;

  constructor(batcher: Batcher, cache: RowCache | null) {
    this.batcher = batcher;
    this.cache = cache;
  }

  /**
   * Turns a request away before it costs anything, where it can only be turned away.
   *
   * With a cache none is: whether there must be room in the queue is known when the cache was asked.
   * @param arrival `tokens`: no more than it will have.
   * @returns to be called once it is tokenized, or cannot be.
   * @throws {HotvecError} what `Batcher.expect` throws.
   */
  expect(arrival: Parameters<Batcher['expect']>[0]): () => void {
    return this.cache === null ? this.batcher.expect(arrival) : () => {};
  }

  /**
   * What the cache has does not enter the queue, and is answered when it is full.
   * @throws {HotvecError} what `Batcher.submit` throws.
   */
  async rowsOf(sequences: readonly Int32Array[], options: SubmitOptions): Promise<RowResult> {
    const { cache } = this;
    // It keeps one row a sequence.
    if (cache === null || options.perToken === true) return withCache(await this.compute(sequences, options), null);
    const keys = sequences.map((tokenIds) => cache.keyOf(tokenIds));
    const rows = keys.map((key) => cache.get(key));
    const missing = [...rows.keys()].filter((i) => rows[i] === undefined);
    const computed = await this.compute(
      missing.map((i) => sequences[i] as Int32Array),
      options,
    );
    const failures = new Map<number, HotvecError>();
    for (const [n, i] of missing.entries()) {
      const failure = computed.failures.get(n);
      if (failure === undefined) {
        const row = computed.rows[n] as Float32Array;
        rows[i] = row;
        cache.set(keys[i] as string, row);
      } else failures.set(i, failure);
      if (n % ROWS_PER_SLICE === ROWS_PER_SLICE - 1) await setImmediate();
    }
    const misses = missing.length;
    const result = { rows: rows as Float32Array[], failures, facts: computed.facts };
    return withCache(result, { hits: sequences.length - misses, misses });
  }

  private compute(sequences: readonly Int32Array[], options: SubmitOptions): Promise<SubmitResult> {
    // With a cache `expect` asked the batcher for no room.
    return this.batcher.submit(sequences, { ...options, wasExpected: this.cache === null });
  }
}

function withCache(result: SubmitResult, cache: RowFacts['cache']): RowResult {
  return { ...result, facts: { ...result.facts, cache } };
}
