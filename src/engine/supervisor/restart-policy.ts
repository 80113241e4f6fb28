/** Waits before the first, second, … restart within the window; a crash more, and the engine is given up. */
const BACKOFF_MS = [0, 1_000, 1_000, 2_000, 3_000];
const CRASH_WINDOW_MS = 5 * 60_000;

/** Decides whether, and when, a lost engine is started again. */
export class RestartPolicy {
  private crashes: number[] = [];

  /**
   * Counts a crash at `now` (monotonic milliseconds).
   * @returns milliseconds to wait before the restart, or null: too many crashes, give up.
   */
  next(now: number): number | null {
    this.crashes = this.crashes.filter((time) => now - time < CRASH_WINDOW_MS);
    this.crashes.push(now);
    return BACKOFF_MS[this.crashes.length - 1] ?? null;
  }
}
