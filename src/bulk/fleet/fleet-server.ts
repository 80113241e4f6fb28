/** Of what is known of a server's pace, this much still counts after each answer. */
const MEMORY = 0.8;

/** What a {@link FleetPolicy} knows of one server. Times are in milliseconds, of the caller's clock. */
export class FleetServer {
  readonly index: number;
  /** The costs of the requests that it holds, by their numbers, in the order in which they were sent. */
  readonly held = new Map<number, number>();
  restsUntil = Number.NEGATIVE_INFINITY;
  isExcluded = false;
  private failuresInRow = 0;
  /** It has not answered since it failed: one request is enough to find out. */
  private isTried = false;
  /** Since when it computes the first of what it holds, as far as one sees from outside. */
  private busySince = 0;
  /** Recent work and the time that it took, both fading: their ratio is its pace. */
  private cost = 0;
  private ms = 0;

  constructor(index: number) {
    this.index = index;
  }

  /** @param most requests that it may hold. */
  hasRoom(most: number): boolean {
    return !this.isExcluded && this.held.size < (this.isTried ? 1 : most);
  }

  hold(number: number, cost: number, now: number): void {
    if (this.held.size === 0) this.busySince = now;
    this.held.set(number, cost);
  }

  /** It answered a request that it holds. */
  answered(number: number, now: number): void {
    this.cost = MEMORY * this.cost + (this.held.get(number) ?? 0);
    this.ms = MEMORY * this.ms + Math.max(now - this.busySince, 0);
    this.busySince = now;
    this.failuresInRow = 0;
    this.isTried = false;
  }

  /** Leaves it alone for a while, longer after each failure in a row, and forgets its pace. */
  failed(now: number, restMs: number, longestRestMs: number): void {
    // What it held when it failed fails with it: that is one failure.
    if (this.restsUntil > now) return;
    this.restsUntil = now + Math.min(restMs * 2 ** this.failuresInRow, longestRestMs);
    this.failuresInRow += 1;
    this.isTried = true;
    this.cost = 0;
    this.ms = 0;
  }

  /** Cost a millisecond; null: it has not answered yet. */
  pace(): number | null {
    return this.ms > 0 ? this.cost / this.ms : null;
  }

  /** When it will have answered a request, if it computes in the order of sending. */
  expectedEnd(number: number, pace: number): number {
    let ahead = 0;
    for (const [held, cost] of this.held) {
      ahead += cost;
      if (held === number) break;
    }
    return this.busySince + ahead / pace;
  }
}
