import type { BatchJob } from './batch-job.ts';

/** What happens to batches, for log and metrics. */
export type BatchEvent =
  /** At the start: batches that the server before left. */
  | { kind: 'resumed'; unfinished: number }
  /** `bytes` of the input. */
  | { kind: 'created'; job: BatchJob; bytes: number }
  | { kind: 'in_progress' | 'ended'; job: BatchJob }
  | { kind: 'lines'; completed: number; failed: number }
  /** Nothing can be stored: it is tried again and again. */
  | { kind: 'paused'; batch: string; reason: string }
  | { kind: 'continued'; batch: string }
  /** Another process has taken the folder. */
  | { kind: 'lock_lost' }
  | { kind: 'failed'; batch: string; error: Error };

export type OnBatchEvent = (event: BatchEvent) => void;
