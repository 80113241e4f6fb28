import type { Item, Result, ResultSource } from './result-source.ts';

/** UTF-8 bytes of a token, until some were counted. */
const BYTES_PER_TOKEN = 4;
/** Items in a call: each has a copy of the prompt. */
const MOST_PER_CALL = 2_048;

/** An item and its length. */
export interface SizedItem {
  item: Item;
  /** Of UTF-8. */
  bytes: number;
}

export interface CallQueueOptions {
  source: ResultSource;
  /** Ends the calls. */
  signal: AbortSignal;
  /** Told what each call computed. */
  onComputed: (call: { items: number; tokens: number }) => void;
}

/** Hands items to a source in calls of like lengths, as many at once as keep it full. */
export class CallQueue {
  private readonly options: CallQueueOptions;
  /** Those that wait for their turn. */
  private readonly waiting: (() => void)[] = [];
  private running = 0;
  private tokens = 0;
  private bytes = 0;

  constructor(options: CallQueueOptions) {
    this.options = options;
  }

  /** UTF-8 bytes of a token of these texts, so far. */
  get bytesPerToken(): number {
    return this.tokens === 0 ? BYTES_PER_TOKEN : this.bytes / this.tokens;
  }

  /**
   * Computes items, among neighbors the longest first: so batches are of like lengths, and the last one is small.
   * @returns one result an item, same order.
   * @throws what the source throws.
   */
  async compute(items: readonly SizedItem[]): Promise<Result[]> {
    const results = new Array<Result>(items.length);
    const { source } = this.options;
    const order = sortedPlaces(items, source.neighbors);
    const calls: Promise<void>[] = [];
    const most = source.load.tokensPerCall * this.bytesPerToken;
    for (let start = 0, end = 0; start < order.length; start = end) {
      let bytes = 0;
      while (end < order.length && end - start < MOST_PER_CALL && (end === start || bytes < most)) {
        bytes += (items[order[end++] as number] as SizedItem).bytes;
      }
      const places = order.slice(start, end);
      calls.push(this.call(places, items, results, bytes));
    }
    await Promise.all(calls);
    return results;
  }

  private async call(
    places: readonly number[],
    items: readonly SizedItem[],
    results: Result[],
    bytes: number,
  ): Promise<void> {
    const { source, signal, onComputed } = this.options;
    await this.turn();
    try {
      signal.throwIfAborted();
      const computed = await source.compute(
        places.map((place) => (items[place] as SizedItem).item),
        signal,
      );
      for (const [i, place] of places.entries()) results[place] = computed.results[i] as Result;
      this.tokens += computed.tokens;
      this.bytes += bytes;
      onComputed({ items: places.length, tokens: computed.tokens });
    } finally {
      this.running -= 1;
      this.wake();
    }
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.wake();
    });
  }

  /** In the order in which they came: the oldest window is wanted first. */
  private wake(): void {
    while (this.running < this.options.source.load.calls && this.waiting.length > 0) {
      this.running += 1;
      this.waiting.shift()?.();
    }
  }
}

function sortedPlaces(items: readonly SizedItem[], neighbors: ResultSource['neighbors']): number[] {
  const byLength = (a: number, b: number) => (items[b] as SizedItem).bytes - (items[a] as SizedItem).bytes;
  if (neighbors === 'like_length') return [...items.keys()].sort(byLength);
  const byFirst = new Map<string, number[]>();
  for (const [place, { item }] of items.entries()) {
    const [first = ''] = item;
    const places = byFirst.get(first);
    if (places === undefined) byFirst.set(first, [place]);
    else places.push(place);
  }
  return [...byFirst.values()].flatMap((places) => places.sort(byLength));
}
