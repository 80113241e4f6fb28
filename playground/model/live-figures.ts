import { type Samples, sumOf } from './read-samples.ts';

/** The metrics at one time. */
export interface Reading {
  /** As `performance.now()`. */
  atMs: number;
  samples: Samples;
}

/** What a model did between two readings, and how it was at the second. */
export interface Figures {
  /** Of inputs answered. */
  tokensPerSecond: number;
  inputsPerSecond: number;
  batchesPerSecond: number;
  /** On average; null: there was no batch. */
  inputsPerBatch: number | null;
  /** Share of the last 10 s that the engine spent on batches, 0 to 1. */
  busy: number;
  queuedTokens: number;
  queuedRequests: number;
  oldestSeconds: number;
  /** Of the engine processes. */
  memoryBytes: number | null;
  /** Engine processes lost since the server started. */
  restarts: number;
}

/** @param model its served name. */
export function figuresOf(model: string, before: Reading, now: Reading): Figures {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const sum = (name: string, { samples } = now) => sumOf(samples, name, { model });
  // Counters begin with the first use, and again with a restart.
  const gained = (name: string) => Math.max(0, (sum(name) ?? 0) - (sum(name, before) ?? 0));
  const batches = gained('hotvec_batch_items_count');
  return {
    tokensPerSecond: gained('hotvec_tokens_total') / seconds,
    inputsPerSecond: gained('hotvec_inputs_total') / seconds,
    batchesPerSecond: batches / seconds,
    inputsPerBatch: batches === 0 ? null : gained('hotvec_batch_items_sum') / batches,
    busy: sum('hotvec_engine_busy_ratio') ?? 0,
    queuedTokens: sum('hotvec_queue_tokens') ?? 0,
    queuedRequests: sum('hotvec_queue_requests') ?? 0,
    oldestSeconds: sum('hotvec_queue_oldest_seconds') ?? 0,
    memoryBytes: sum('hotvec_engine_rss_bytes'),
    restarts: sum('hotvec_engine_restarts_total') ?? 0,
  };
}
