/** The next batch is due when the one being computed has this part of its expected duration left … */
const LEAD = 1 / 3;
/** … at least so many milliseconds, because a busy event loop may check too late … */
const SHORTEST_LEAD_MS = 5;
/** … and at most so many: it is never as late, and whoever comes then waits for all of what was sent. */
const LONGEST_LEAD_MS = 20;

/** Weight of the newest batch against those before, in how long batches of its size take. */
const NEWEST = 0.25;
/** Weight of the past against a new batch of the same duration, in the throughput. */
const HALF_LIFE_MS = 5_000;

export interface BatchUnderWay {
  tokens: number;
  sentAt: number;
}

/** Batches that were sent to the engine and not answered. Knows when the engine will need the next one. */
export class BatchesUnderWay {
  private readonly batches = new Set<BatchUnderWay>();
  private readonly durations = new BatchDurations();
  private readonly throughput = new ThroughputEstimate();
  private lastEndAt = 0;

  get count(): number {
    return this.batches.size;
  }

  get tokens(): number {
    let tokens = 0;
    for (const batch of this.batches) tokens += batch.tokens;
    return tokens;
  }

  /** Tokens a second over the recent batches; 0 before the first is known. */
  get tokensPerSecond(): number {
    return this.throughput.tokensPerSecond;
  }

  start(tokens: number, now: number): BatchUnderWay {
    const batch = { tokens, sentAt: now };
    this.batches.add(batch);
    return batch;
  }

  /** What `batch` took to compute, once it is known. */
  observe({ tokens }: BatchUnderWay, milliseconds: number): void {
    this.durations.observe(tokens, milliseconds);
    this.throughput.observe(tokens, milliseconds);
  }

  end(batch: BatchUnderWay, now: number): void {
    this.batches.delete(batch);
    this.lastEndAt = now;
  }

  /** Milliseconds until the next batch is due, negative when it is late; infinite while it is unknown. */
  nextDueIn(now: number, processes: number): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { tokens, sentAt } of this.batches) {
      const expected = this.durations.expected(tokens);
      if (expected === undefined) continue;
      // Sent ahead itself, it began when the one before ended. Of several processes it is not known which one that was.
      const startedAt = processes === 1 ? Math.max(sentAt, this.lastEndAt) : sentAt;
      due = Math.min(due, startedAt + expected - leadOf(expected));
    }
    return due - now;
  }
}

/** How long before the end of a batch that takes so many milliseconds the next one is due. */
function leadOf(expected: number): number {
  return Math.min(LONGEST_LEAD_MS, Math.max(LEAD * expected, SHORTEST_LEAD_MS));
}

/**
 * How long batches take, by size: a small one has a slower pace than a full one, so each doubling of the size has its
 * own average.
 */
class BatchDurations {
  /** Milliseconds a token, by the logarithm of the batch's tokens. */
  private readonly paces: number[] = [];

  observe(tokens: number, milliseconds: number): void {
    const size = sizeOf(tokens);
    const pace = milliseconds / tokens;
    const before = this.paces[size] ?? pace;
    this.paces[size] = before + NEWEST * (pace - before);
  }

  /** Milliseconds that a batch of so many tokens will take; undefined when none of the size was seen. */
  expected(tokens: number): number | undefined {
    const pace = this.paces[sizeOf(tokens)];
    return pace === undefined ? undefined : pace * tokens;
  }
}

function sizeOf(tokens: number): number {
  return Math.floor(Math.log2(tokens));
}

/** Tokens a second over the recent batches, older ones fading with the engine time that has passed since. */
class ThroughputEstimate {
  private tokens = 0;
  private milliseconds = 0;

  observe(tokens: number, milliseconds: number): void {
    const fade = 0.5 ** (milliseconds / HALF_LIFE_MS);
    this.tokens = this.tokens * fade + tokens;
    this.milliseconds = this.milliseconds * fade + milliseconds;
  }

  get tokensPerSecond(): number {
    return this.milliseconds === 0 ? 0 : (this.tokens * 1000) / this.milliseconds;
  }
}
