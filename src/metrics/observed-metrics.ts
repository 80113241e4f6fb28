import type { PrefixedRegistry } from './prefixed-registry.ts';

/** State that is read when metrics are collected, not counted along the way. */
export interface Observed {
  queueTokens: number;
  queueRequests: number;
  queueOldestSeconds: number;
  tokensPerSecond: number;
  enginesUp: number;
  ready: boolean;
  batchAgeSeconds: number;
  cacheBytes: number;
  /** Since the start. */
  cacheEvictions: number;
  busyRatio: number;
  batchTokens: number;
  /** Since the start. */
  logLinesDropped: number;
}

/** @param observe called at each collection. */
export function defineObserved(define: PrefixedRegistry, observe: () => Observed): void {
  const gauge = (name: string, help: string, field: keyof Observed) =>
    define.observedGauge(name, help, () => Number(observe()[field]));
  gauge('queue_tokens', 'Tokens waiting for a batch', 'queueTokens');
  gauge('queue_requests', 'Requests with tokens waiting for a batch', 'queueRequests');
  gauge('queue_oldest_seconds', 'Age of the longest-waiting request', 'queueOldestSeconds');
  gauge('tokens_per_second', 'Engine throughput over the recent batches', 'tokensPerSecond');
  gauge('engine_up', 'Engine processes in service, one per device', 'enginesUp');
  gauge('engine_batch_age_seconds', 'Age of the batch being computed', 'batchAgeSeconds');
  gauge(
    'engine_busy_ratio',
    'Share of the last 10 s that the engine processes spent on batches, on average',
    'busyRatio',
  );
  gauge('batch_budget_tokens', 'Maximum tokens in a batch of several inputs', 'batchTokens');
  gauge('ready', '1 while /readyz answers 200', 'ready');
  gauge('cache_bytes', 'Memory of the vector cache', 'cacheBytes');
  define.observedCounter(
    'cache_evictions_total',
    'Vectors evicted from the cache for lack of space',
    () => observe().cacheEvictions,
  );
  define.observedCounter(
    'log_lines_dropped_total',
    'Log lines that could not be written',
    () => observe().logLinesDropped,
  );
}

/** Of a service that has done nothing: for those who want to know what metrics there are. */
export const NOTHING_OBSERVED: Observed = {
  queueTokens: 0,
  queueRequests: 0,
  queueOldestSeconds: 0,
  tokensPerSecond: 0,
  enginesUp: 0,
  ready: false,
  batchAgeSeconds: 0,
  cacheBytes: 0,
  cacheEvictions: 0,
  busyRatio: 0,
  batchTokens: 0,
  logLinesDropped: 0,
};
