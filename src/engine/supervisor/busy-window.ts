const WINDOW_MS = 10_000;

/** How much of the last ten seconds an engine process computed. */
export class BusyWindow {
  private readonly since: number;
  /** Batches that ended within the window, in that order. */
  private batches: { end: number; milliseconds: number }[] = [];

  /** @param since when the process was there to compute; milliseconds, as all times here. */
  constructor(since: number) {
    this.since = since;
  }

  /** A batch that was computed in the `milliseconds` before `end`. */
  observe(end: number, milliseconds: number): void {
    this.batches.push({ end, milliseconds });
    this.forget(end);
  }

  /** Share of the window, 0 to 1. `underWay`: milliseconds that the batch being computed has taken so far. */
  ratio(now: number, underWay: number): number {
    this.forget(now);
    const window = Math.min(WINDOW_MS, now - this.since);
    if (window <= 0) return 0;
    const start = now - window;
    let busy = Math.min(underWay, window);
    for (const { end, milliseconds } of this.batches) busy += Math.min(milliseconds, end - start);
    return Math.min(1, busy / window);
  }

  private forget(now: number): void {
    const first = this.batches.findIndex(({ end }) => end > now - WINDOW_MS);
    this.batches = first === -1 ? [] : first === 0 ? this.batches : this.batches.slice(first);
  }
}
