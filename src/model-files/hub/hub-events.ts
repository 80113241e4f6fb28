/** What happens while a model is made ready; for the log and for progress bars. */
export type HubEvent =
  | { kind: 'resolved'; repository: string; asked: string; revision: string; hub: string }
  | { kind: 'cached'; repository: string; revision: string; folder: string; bytes: number; isForeign: boolean }
  /** `bytes`: of these files in all; `presentBytes`: of them there already, whole or in part. */
  | { kind: 'download'; repository: string; files: number; bytes: number; presentBytes: number }
  | { kind: 'progress'; repository: string; receivedBytes: number; bytes: number }
  | { kind: 'retry'; file: string; reason: string; waitMs: number }
  /** A file in the cache was not what the hub published; it is downloaded again. */
  | { kind: 'damaged'; file: string }
  | { kind: 'downloaded'; repository: string; revision: string; folder: string; bytes: number };

export type OnHubEvent = (event: HubEvent) => void;
