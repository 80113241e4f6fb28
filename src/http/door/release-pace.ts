import { usualPatience } from './patience.ts';

const LEAST_RETRY_MS = 1_000;
/**
 * After so long something is released at the latest: by then, a client that sends no more of a body has been given up,
 * two spans of receive-body.ts.
 */
const STALLED_MS = 2 * usualPatience.receiveMs;
/** Over how long the pace is measured: the one of before a stall is forgotten after twice that. */
const WINDOW_MS = 2_000;

/** How fast bytes are released, and when there will be room for more. */
export class ReleasePace {
  private windowStart = performance.now();
  private releasedInWindow = 0;
  /** Bytes a millisecond, of the window before. */
  private lastPace = 0;

  released(bytes: number): void {
    this.turnWindow();
    this.releasedInWindow += bytes;
  }

  /**
   * @param bytes how many must be released.
   * @returns milliseconds, at least a second: as long as it takes at the pace of lately.
   */
  timeFor(bytes: number): number {
    const age = this.turnWindow();
    const pace = Math.max(this.lastPace, this.releasedInWindow / Math.max(age, LEAST_RETRY_MS));
    const expected = pace > 0 ? bytes / pace : Number.POSITIVE_INFINITY;
    return Math.round(Math.max(LEAST_RETRY_MS, Math.min(expected, STALLED_MS)));
  }

  /** Begins a new window where it is time for one. Returns the age of the present one. */
  private turnWindow(): number {
    const age = performance.now() - this.windowStart;
    if (age < WINDOW_MS) return age;
    // Nothing at all in the last whole window: the pace is that of a stall.
    this.lastPace = age < 2 * WINDOW_MS ? this.releasedInWindow / age : 0;
    this.releasedInWindow = 0;
    this.windowStart += age;
    return 0;
  }
}
