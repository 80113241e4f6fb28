import type { Phase } from '../metrics.ts';

/** How far a request has come. */
export class RequestProgress {
  /** What is being done for it now. */
  phase: Phase = 'receive';

  enter(phase: Phase): void {
    this.phase = phase;
  }
}
