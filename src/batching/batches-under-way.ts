import { BatchDurations } from './batch-durations.ts';

/** The next batch is due when the one being computed has this part of its expected duration left … */
const LEAD = 1 / 3;
/** … or so many milliseconds, which a busy event loop may come too late. */
const SHORTEST_LEAD_MS = 5;

export interface BatchUnderWay {
  tokens: number;
  sentAt: number;
}

/** Batches that were sent to the engine and not answered. Knows when the engine will need the next one. */
export class BatchesUnderWay {
  private readonly batches = new Set<BatchUnderWay>();
  private readonly durations = new BatchDurations();
  private lastEndAt = 0;

  get count(): number {
    return this.batches.size;
  }

  get tokens(): number {
    let tokens = 0;
    for (const batch of this.batches) tokens += batch.tokens;
    return tokens;
  }

  start(tokens: number, now: number): BatchUnderWay {
    const batch = { tokens, sentAt: now };
    this.batches.add(batch);
    return batch;
  }

  /** What `batch` took to compute, once it is known. */
  observe({ tokens }: BatchUnderWay, milliseconds: number): void {
    this.durations.observe(tokens, milliseconds);
  }

  end(batch: BatchUnderWay, now: number): void {
    this.batches.delete(batch);
    this.lastEndAt = now;
  }

  /** Milliseconds until the next batch is due, negative when it is late; infinite while nobody knows. */
  nextDueIn(now: number, processes: number): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { tokens, sentAt } of this.batches) {
      const expected = this.durations.expected(tokens);
      if (expected === undefined) continue;
      // Sent ahead itself, it began when the one before ended. Of several processes it is not known which one that was.
      const startedAt = processes === 1 ? Math.max(sentAt, this.lastEndAt) : sentAt;
      due = Math.min(due, startedAt + expected - Math.max(LEAD * expected, SHORTEST_LEAD_MS));
    }
    return due - now;
  }
}
