import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { EmbeddingFacts } from './embedder.ts';
import { hasDirection } from './finish-vector.ts';

/** What an entry takes besides its numbers: key, links, two array objects and their allocation. Measured on Node 20. */
const ENTRY_OVERHEAD_BYTES = 512;
const BYTES_PER_FLOAT = 4;

export interface VectorCacheOptions {
  rowSize: number;
  maxBytes: number;
  /** What rows depend on besides their tokens, as of now. */
  space: () => Pick<EmbeddingFacts, 'fingerprint' | 'device' | 'dtype'>;
}

/**
 * Computed rows by what they were computed from, the least recently asked for forgotten first.
 *
 * A row is what the model pooled, before `dimensions` and `normalize`: one serves every form of the vector. Its key is
 * the SHA-256 of everything it depends on: the vector space (fingerprint, which covers weights, tokenizer, dtype and
 * prompts), where and in which precision it is computed, and the token ids, in which prompt and truncation show.
 */
export class VectorCache {
  private readonly space: VectorCacheOptions['space'];
  private readonly rows: LRUCache<string, Float32Array>;
  private readonly entryBytes: number;
  private evicted = 0;

  constructor({ rowSize, maxBytes, space }: VectorCacheOptions) {
    this.space = space;
    this.entryBytes = rowSize * BYTES_PER_FLOAT + ENTRY_OVERHEAD_BYTES;
    this.rows = new LRUCache({
      max: Math.max(1, Math.floor(maxBytes / this.entryBytes)),
      dispose: (_row, _key, reason) => {
        if (reason === 'evict') this.evicted += 1;
      },
    });
  }

  /** Bytes that the rows and what belongs to them take, roughly. */
  get bytes(): number {
    return this.rows.size * this.entryBytes;
  }

  /** Rows forgotten because there was no room. */
  get evictions(): number {
    return this.evicted;
  }

  keyOf(tokenIds: Int32Array): string {
    const { fingerprint, device, dtype } = this.space();
    const space = JSON.stringify([fingerprint, device, dtype]);
    return createHash('sha256').update(space).update(tokenIds).digest('base64');
  }

  /** The row, to the bit as it was computed. Shared: do not write. */
  get(key: string): Float32Array | undefined {
    return this.rows.get(key);
  }

  /** Keeps a copy: `row` may be a view, which would keep its whole batch. One without direction is not kept. */
  set(key: string, row: Float32Array): void {
    if (hasDirection(row)) this.rows.set(key, row.slice());
  }
}
