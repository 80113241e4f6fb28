import type { BatchEvent } from '../batch-jobs/batch-events.ts';
import type { PrefixedRegistry } from './prefixed-registry.ts';

/** What there is of batches of requests when metrics are collected. */
export interface ObservedBatches {
  unfinished: number;
  storedBytes: number;
  maxStoredBytes: number;
  /** Age in seconds of the oldest batch of which nothing is done now; 0: there is none. */
  oldestWaitingS: number;
  /** Another process has taken the folder. */
  isLost: boolean;
}

/** Of a server without BATCH_DIR. */
export const NO_BATCHES: ObservedBatches = {
  unfinished: 0,
  storedBytes: 0,
  maxStoredBytes: 0,
  oldestWaitingS: 0,
  isLost: false,
};

/** Statuses that a batch ends with. */
const ENDS = ['completed', 'failed', 'expired', 'cancelled'] as const;

/** Metrics of the Batch API: batches of requests, as opposed to those of the engine. */
export class BatchJobMetrics {
  private readonly lines;
  private readonly ended;
  private readonly paused;
  /** Batches that wait for room. */
  private readonly waiting = new Set<string>();

  /** @param observe called at each collection. */
  constructor(define: PrefixedRegistry, observe: () => ObservedBatches) {
    this.lines = define.counter('batch_api_lines_total', 'Lines of batches of the Batch API, answered', ['outcome']);
    this.ended = define.counter('batch_api_batches_total', 'Batches of the Batch API that ended', ['status']);
    this.paused = define.gauge('batch_api_paused', 'Batches that wait because their answers cannot be stored', []);
    for (const outcome of ['completed', 'failed']) this.lines.inc({ outcome }, 0);
    for (const status of ENDS) this.ended.inc({ status }, 0);
    define.observedGauge('batch_api_unfinished', 'Batches of the Batch API that have not ended', [], () => [
      [{}, observe().unfinished],
    ]);
    define.observedGauge('batch_api_stored_bytes', 'Bytes of all files of the Batch API', [], () => [
      [{}, observe().storedBytes],
    ]);
    define.observedGauge('batch_api_max_stored_bytes', 'BATCH_MAX_STORED_BYTES; 0: the Batch API is off', [], () => [
      [{}, observe().maxStoredBytes],
    ]);
    define.observedGauge(
      'batch_api_oldest_waiting_seconds',
      'Age of the oldest batch that waits for its turn; 0: none waits',
      [],
      () => [[{}, observe().oldestWaitingS]],
    );
    define.observedGauge('batch_api_folder_lost', '1 once another process has taken BATCH_DIR', [], () => [
      [{}, Number(observe().isLost)],
    ]);
  }

  observe(event: BatchEvent): void {
    switch (event.kind) {
      case 'lines':
        this.lines.inc({ outcome: 'completed' }, event.completed);
        this.lines.inc({ outcome: 'failed' }, event.failed);
        return;
      case 'ended':
        this.ended.inc({ status: event.job.status });
        // Cancelled, say, while it waited for room.
        this.waiting.delete(event.job.id);
        break;
      case 'failed':
        this.waiting.delete(event.batch);
        break;
      case 'paused':
        this.waiting.add(event.batch);
        break;
      case 'continued':
        this.waiting.delete(event.batch);
        break;
      default:
        return;
    }
    this.paused.set(this.waiting.size);
  }
}
