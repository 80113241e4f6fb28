import { DURATION_BUCKETS } from './buckets.ts';
import type { PrefixedRegistry } from './prefixed-registry.ts';

/** Metrics of requests and their inputs. */
export function requestMetrics(define: PrefixedRegistry) {
  return {
    requests: define.counter('http_requests_total', 'Answered requests', ['method', 'route', 'status']),
    duration: define.histogram(
      'http_request_duration_seconds',
      'From headers to last byte',
      ['route'],
      DURATION_BUCKETS,
    ),
    stage: define.histogram('stage_duration_seconds', 'Time of a request in each stage', ['stage'], DURATION_BUCKETS),
    rejected: define.counter('rejected_total', 'Requests answered with an error, but for probes', ['reason']),
    cancelled: define.counter('cancelled_total', 'Requests whose client went away, by what was being done for them', [
      'phase',
    ]),
    bytesInside: define.gauge(
      'inflight_bytes',
      'Bytes of request bodies received and of answers made, until the answer is out',
      [],
    ),
    inputs: define.counter('inputs_total', 'Inputs embedded', []),
    tokens: define.counter('tokens_total', 'Tokens embedded, padding not counted', []),
    failedInputs: define.counter(
      'failed_inputs_total',
      'Inputs answered with an error while the rest of their request was served (`on_error: partial`)',
      ['reason'],
    ),
    truncated: define.counter('truncated_inputs_total', 'Inputs that were cut short', []),
    shared: define.counter(
      'shared_inputs_total',
      'Inputs that were in flight already, for another request or twice in one: computed once',
      [],
    ),
    cacheHits: define.counter('cache_hits_total', 'Inputs answered from the vector cache', []),
    cacheMisses: define.counter('cache_misses_total', 'Inputs that the vector cache had not', []),
    nonFinite: define.counter(
      'nonfinite_rows_total',
      'Requests, or inputs of a partial answer, refused for a vector without direction; must be 0',
      [],
    ),
    poison: define.counter('poison_inputs_total', 'Inputs that the engine died of or could not compute; must be 0', []),
  };
}
