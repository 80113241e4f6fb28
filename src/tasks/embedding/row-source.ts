import { setImmediate } from 'node:timers/promises';
import type { Batcher } from '../../batching/batcher.ts';
import type { SubmitOptions, SubmitResult } from '../../batching/pending-request.ts';
import type { HotvecError } from '../../errors.ts';
import type { VectorCache } from './vector-cache.ts';

export interface RowResult extends Omit<SubmitResult, 'rows' | 'failures'> {
  /** One a sequence, same order; views, not to be written. With `onError: 'partial'`, why there is none. */
  rows: (Float32Array | HotvecError)[];
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
   * @param arrival `tokens`: no more than it will have.
   * @returns to be called once it is tokenized, or cannot be.
   * @throws {HotvecError} what `Batcher.expect` throws.
   */
  expect(arrival: Parameters<Batcher['expect']>[0]): () => void {
    if (this.cache === null) return this.batcher.expect(arrival);
    this.batcher.checkReady();
    return () => {};
  }

  /**
   * What the cache has does not enter the queue, and is answered when it is full.
   * @throws {HotvecError} what `Batcher.submit` throws.
   */
  async rowsOf(sequences: readonly Int32Array[], options: SubmitOptions): Promise<RowResult> {
    const { cache } = this;
    // It keeps pooled rows.
    if (cache === null || options.perToken === true)
      return { ...(await this.compute(sequences, options)), cache: null };
    const keys = sequences.map((tokenIds) => cache.keyOf(tokenIds));
    const rows: (Float32Array | HotvecError | undefined)[] = keys.map((key) => cache.get(key));
    const missing = [...rows.keys()].filter((i) => rows[i] === undefined);
    const computed = await this.compute(
      missing.map((i) => sequences[i] as Int32Array),
      options,
    );
    for (const [n, i] of missing.entries()) {
      const row = computed.rows[n] as Float32Array | HotvecError;
      rows[i] = row;
      if (row instanceof Float32Array) cache.set(keys[i] as string, row);
      if (n % ROWS_PER_SLICE === ROWS_PER_SLICE - 1) await setImmediate();
    }
    const misses = missing.length;
    return {
      ...computed,
      rows: rows as (Float32Array | HotvecError)[],
      cache: { hits: sequences.length - misses, misses },
    };
  }

  private async compute(sequences: readonly Int32Array[], options: SubmitOptions): Promise<Omit<RowResult, 'cache'>> {
    const { rows, failures, ...facts } = await this.batcher.submit(sequences, {
      ...options,
      // With a cache `expect` asked the batcher for no room.
      wasExpected: this.cache === null,
    });
    return { ...facts, rows: sequences.map((_, i) => failures.get(i) ?? (rows[i] as Float32Array)) };
  }
}
