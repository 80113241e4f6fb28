import { DURATION_BUCKETS, SIZE_BUCKETS } from './buckets.ts';
import type { PrefixedRegistry } from './prefixed-registry.ts';

/** Metrics of batches and of the processes that compute them. */
export function engineMetrics(define: PrefixedRegistry) {
  return {
    batchItems: define.histogram('batch_items', 'Sequences in a batch', ['model'], SIZE_BUCKETS),
    batchTokens: define.histogram('batch_tokens', 'Tokens in a batch', ['model'], SIZE_BUCKETS),
    uniqueRatio: define.histogram(
      'batch_unique_ratio',
      'Token rows computed per token of a batch; below 1 when inputs share prefixes; decoders from safetensors only',
      ['model'],
      [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
    ),
    paddingRatio: define.histogram(
      'batch_padding_ratio',
      'Fraction of the computed slots of a batch that is padding; ONNX exports only',
      ['model'],
      [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75],
    ),
    batchDuration: define.histogram(
      'batch_duration_seconds',
      'Time the engine took for a batch',
      ['model'],
      DURATION_BUCKETS,
    ),
    staleReplies: define.counter(
      'stale_replies_total',
      'Replies from an engine process already given up, dropped; must be 0',
      ['model'],
    ),
    restarts: define.counter('engine_restarts_total', 'Engine processes lost', [
      'reason',
      'model',
      'device_id',
      'engine',
    ]),
    epoch: define.gauge(
      'engine_epoch',
      'Epoch of the engine process in service: 1 for the first, one more for each restart',
      ['model', 'device_id', 'engine'],
    ),
    residentBytes: define.gauge('engine_rss_bytes', 'Resident memory of the engine process', [
      'model',
      'device_id',
      'engine',
    ]),
    busy: define.counter('engine_busy_seconds_total', 'Time the engine process spent on batches', [
      'model',
      'device_id',
      'engine',
    ]),
    canary: define.gauge(
      'canary_cosine',
      'Lowest cosine of a canary vector to its reference, at the last engine start',
      ['model', 'device_id', 'engine'],
    ),
    build: define.gauge('build_info', 'Always 1; the labels describe what is served', [
      'version',
      'model',
      'revision',
      'fingerprint',
      'device',
      'dtype',
    ]),
  };
}

export type EngineMetrics = ReturnType<typeof engineMetrics>;
