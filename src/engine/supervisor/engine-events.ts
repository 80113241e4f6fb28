import type { EngineInfo } from '../protocol.ts';

/** Why an engine process was lost: the values of the metric's label. */
export const LOSS_REASONS = [
  'exit',
  'signal',
  'hung',
  'bad_reply',
  'load_failed',
  'canary_failed',
  'files_changed',
] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** What happens to an engine process, for logs and metrics. */
export type EngineEvent =
  | { kind: 'ready'; epoch: number; processId: number; info: EngineInfo }
  | { kind: 'lost'; epoch: number; reason: LossReason; detail: string; restartInMilliseconds: number | null }
  /** `epoch`: the one that the message claims to be of. */
  | { kind: 'stale_reply'; epoch: number | null }
  | { kind: 'checking'; epoch: number; failedBatches: number }
  | { kind: 'check_passed'; epoch: number }
  | { kind: 'output'; line: string }
  | { kind: 'batch_done'; busyMilliseconds: number; residentBytes: number };
