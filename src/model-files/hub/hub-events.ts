import type { LeftAside, WeightKind } from '../manifest.ts';

/** What happens while a model is made ready; for the log, which shows most of them as they are, and for progress bars. */
export type HubEvent =
  | { kind: 'resolved'; model: string; asked: string; revision: string; hub: string }
  | { kind: 'cached'; model: string; revision: string; folder: string; bytes: number; isForeign: boolean }
  /** The model has weights of the other kind, too. */
  | { kind: 'left_aside'; model: string; weights: WeightKind; leftAside: LeftAside }
  /** `bytes`: of these files in all; `presentBytes`: of them there already, whole or in part. */
  | { kind: 'download'; model: string; files: number; bytes: number; presentBytes: number }
  | { kind: 'progress'; model: string; receivedBytes: number; bytes: number }
  | { kind: 'retry'; file: string; reason: string; waitMs: number }
  /** A file in the cache was not what the hub published; it is downloaded again. */
  | { kind: 'damaged'; file: string }
  | { kind: 'downloaded'; model: string; revision: string; folder: string; bytes: number };

export type OnHubEvent = (event: HubEvent) => void;
