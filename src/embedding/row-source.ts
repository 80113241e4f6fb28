import { setImmediate } from 'node:timers/promises';
import type { Batcher } from '../batching/batcher.ts';
import type { SubmitOptions, SubmitResult } from '../batching/pending-request.ts';
import type { VectorCache } from './vector-cache.ts';

export interface RowResult extends SubmitResult {
  /** How many sequences the cache had, and how many it had not; null without a cache. */
  cache: { hits: number; misses: number } | null;
}

/** Rows kept between two yields: a millisecond or so. */
const ROWS_PER_SLICE = 256;

/** Where rows come from: out of the cache, if there is one and it has them; else the batcher computes them. */
export class RowSource {
  private readonly batcher: Batcher;
  private readonly cache: VectorCache | null;

  constructor(batcher: Batcher, cache: VectorCache | null) {
    this.batcher = batcher;
    this.cache = cache;
  }

  /**
   * Turns a request away before it costs anything, where it can only be turned away.
   *
   * With a cache only readiness decides: whether there must be room in the queue is known when the cache was asked.
   * @throws {HotvecError} what `Batcher.admit` throws.
   */
  admit(owner: string | undefined): void {
    if (this.cache === null) this.batcher.admit(0, owner);
    else this.batcher.checkReady();
  }

  /**
   * One row a sequence, same order; views, not to be written. What the cache has does not enter the queue, and is
   * answered when it is full.
   *
   * @throws {HotvecError} what `Batcher.submit` throws.
   */
  async rowsOf(sequences: readonly Int32Array[], options: SubmitOptions): Promise<RowResult> {
    const { cache } = this;
    if (cache === null) return { ...(await this.batcher.submit(sequences, options)), cache: null };
    const keys = sequences.map((tokenIds) => cache.keyOf(tokenIds));
    const known = keys.map((key) => cache.get(key));
    const missing = [...known.keys()].filter((i) => known[i] === undefined);
    const computed = await this.batcher.submit(
      missing.map((i) => sequences[i] as Int32Array),
      options,
    );
    for (const [n, i] of missing.entries()) {
      const row = computed.rows[n] as Float32Array;
      known[i] = row;
      cache.set(keys[i] as string, row);
      if (n % ROWS_PER_SLICE === ROWS_PER_SLICE - 1) await setImmediate();
    }
    const misses = missing.length;
    return { ...computed, rows: known as Float32Array[], cache: { hits: sequences.length - misses, misses } };
  }
}
