import type { InputFile, RowSource } from '../bulk-files/rows.ts';

/** The part of the work that is this process's: `1/8` is the second of eight. */
export interface Shard {
  index: number;
  of: number;
}

/** Rows of a source, from 0. */
export interface RowRange {
  first: number;
  /** Infinite: all that follow. */
  count: number;
}

export const ALL_ROWS: RowRange = { first: 0, count: Number.POSITIVE_INFINITY };

/**
 * The files of a shard, in their order: whole ones, so that no shard reads what is another's. The largest goes to whoever has
 * least so far; every shard finds the same, as long as it finds the same files.
 *
 * @returns null: there are fewer files than shards.
 */
export function filesOfShard(files: readonly InputFile[], { index, of }: Shard): readonly InputFile[] | null {
  if (files.length < of) return null;
  const bytes = new Array<number>(of).fill(0);
  const counts = new Array<number>(of).fill(0);
  const mine = new Set<number>();
  const largestFirst = [...files.keys()].sort((a, b) => sizeOf(files, b) - sizeOf(files, a) || a - b);
  for (const file of largestFirst) {
    let least = 0;
    for (let shard = 1; shard < of; shard++) {
      // Empty files are files, too: of shards with as many bytes the one with fewer files.
      const difference = (bytes[shard] as number) - (bytes[least] as number);
      if (difference < 0 || (difference === 0 && (counts[shard] as number) < (counts[least] as number))) least = shard;
    }
    bytes[least] = (bytes[least] as number) + sizeOf(files, file);
    counts[least] = (counts[least] as number) + 1;
    if (least === index) mine.add(file);
  }
  return files.filter((_, i) => mine.has(i));
}

/** The rows of a shard where there are too few files: as many for each, one after the other. */
export async function rowsOfShard(rows: RowSource, { index, of }: Shard, signal: AbortSignal): Promise<RowRange> {
  const count = rows.count ?? (await countRows(rows, signal));
  const first = Math.floor((count * index) / of);
  return { first, count: Math.floor((count * (index + 1)) / of) - first };
}

async function countRows(rows: RowSource, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const _ of rows.rows(0)) {
    signal.throwIfAborted();
    count += 1;
  }
  return count;
}

function sizeOf(files: readonly InputFile[], index: number): number {
  return (files[index] as InputFile).bytes;
}
