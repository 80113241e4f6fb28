import { NO_BATCHES, type ObservedBatches } from './batch-job-metrics.ts';
import type { PrefixedRegistry } from './prefixed-registry.ts';

/** State of a model that is read when metrics are collected, not counted along the way. */
export interface ObservedModel {
  /** Its served name. */
  model: string;
  queueTokens: number;
  queueRequests: number;
  queueOldestSeconds: number;
  tokensPerSecond: number;
  enginesUp: number;
  batchAgeSeconds: number;
  cacheBytes: number;
  /** Since the start. */
  cacheEvictions: number;
  busyRatio: number;
  batchTokens: number;
}

/** The same of the whole service. */
export interface Observed {
  models: readonly ObservedModel[];
  ready: boolean;
  batches: ObservedBatches;
  /** Since the start. */
  logLinesDropped: number;
}

/** @param observe called at each collection. */
export function defineObserved(define: PrefixedRegistry, observe: () => Observed): void {
  const read = (field: keyof ObservedModel) => () =>
    observe().models.map((one): [{ model: string }, number] => [{ model: one.model }, Number(one[field])]);
  const gauge = (name: string, help: string, field: keyof ObservedModel) =>
    define.observedGauge(name, help, ['model'], read(field));
  gauge('queue_tokens', 'Tokens waiting for a batch', 'queueTokens');
  gauge('queue_requests', 'Requests with tokens waiting for a batch', 'queueRequests');
  gauge('queue_oldest_seconds', 'Age of the longest-waiting request', 'queueOldestSeconds');
  gauge('tokens_per_second', 'Engine throughput over the recent batches', 'tokensPerSecond');
  gauge('engine_up', 'Engine processes in service', 'enginesUp');
  gauge('engine_batch_age_seconds', 'Age of the batch being computed', 'batchAgeSeconds');
  gauge(
    'engine_busy_ratio',
    'Share of the last 10 s that the engine processes spent on batches, on average',
    'busyRatio',
  );
  gauge('batch_budget_tokens', 'Maximum tokens in a batch of several inputs', 'batchTokens');
  gauge('cache_bytes', 'Memory of the vector cache', 'cacheBytes');
  define.observedCounter(
    'cache_evictions_total',
    'Vectors evicted from the cache for lack of space',
    ['model'],
    read('cacheEvictions'),
  );
  define.observedGauge('ready', '1 while /readyz answers 200', [], () => [[{}, Number(observe().ready)]]);
  define.observedCounter('log_lines_dropped_total', 'Log lines that could not be written', [], () => [
    [{}, observe().logLinesDropped],
  ]);
}

/** Of a service without models: for those who want to know what metrics there are. */
export const NOTHING_OBSERVED: Observed = {
  models: [],
  ready: false,
  batches: NO_BATCHES,
  logLinesDropped: 0,
};
