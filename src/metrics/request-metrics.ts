import { DURATION_BUCKETS } from './buckets.ts';
import type { PrefixedRegistry } from './prefixed-registry.ts';

/** Metrics of requests and their inputs. */
export function requestMetrics(define: PrefixedRegistry) {
  return {
    requests: define.counter('http_requests_total', 'Requests answered', ['method', 'route', 'model', 'status']),
    duration: define.histogram(
      'http_request_duration_seconds',
      'Duration of a request, from its headers to the last byte of the response',
      ['route', 'model'],
      DURATION_BUCKETS,
    ),
    stage: define.histogram(
      'stage_duration_seconds',
      'Time a request spends in each stage',
      ['stage', 'model'],
      DURATION_BUCKETS,
    ),
    rejected: define.counter('rejected_total', 'Requests answered with an error, except probes', ['reason']),
    cancelled: define.counter('cancelled_total', 'Requests whose client disconnected, by the stage they were in', [
      'phase',
    ]),
    bytesInside: define.gauge(
      'inflight_bytes',
      'Bytes of request bodies received and responses built, until the response is sent',
      [],
    ),
    inputs: define.counter('inputs_total', 'Inputs answered: texts embedded, documents ranked', ['model']),
    tokens: define.counter('tokens_total', 'Tokens of these inputs, padding not counted', ['model']),
    failedInputs: define.counter(
      'failed_inputs_total',
      'Inputs answered with an error while the rest of their request was served (`on_error: partial`)',
      ['reason', 'model'],
    ),
    truncated: define.counter('truncated_inputs_total', 'Inputs truncated', ['model']),
    shared: define.counter(
      'shared_inputs_total',
      'Inputs already in flight, for another request or repeated in the same one; computed once',
      ['model'],
    ),
    cacheHits: define.counter('cache_hits_total', 'Inputs answered from the vector cache', ['model']),
    cacheMisses: define.counter('cache_misses_total', 'Inputs not found in the vector cache', ['model']),
    nonFinite: define.counter(
      'nonfinite_rows_total',
      'Requests, or inputs of a partial response, refused because their vector has no direction; must be 0',
      ['model'],
    ),
    poison: define.counter(
      'poison_inputs_total',
      'Inputs that crashed the engine or that it could not compute; must be 0',
      ['model'],
    ),
  };
}

export type RequestMetrics = ReturnType<typeof requestMetrics>;
