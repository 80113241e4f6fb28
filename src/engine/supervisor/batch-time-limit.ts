/** Bounds on how long a batch may take before the engine counts as hung. */
const FLOOR_MS = 2_000;
const CEILING_MS = 60_000;
const SLACK = 10;
/** A batch that honestly takes long (a slow machine, a long text) is given this many times its expected time. */
const SLACK_PAST_CEILING = 3;

/**
 * Learns how long batches take and says how long one may. A killed engine costs every waiting client a restart, so
 * the limit is generous: ten times the slowest recent pace, two seconds at least; a minute at most, but three times
 * what is expected where that is more.
 */
export class BatchTimeLimit {
  /** Slowest recent pace, decaying towards the present one. */
  private millisecondsPerToken: number;

  constructor(tokensPerSecond: number) {
    this.millisecondsPerToken = 1000 / tokensPerSecond;
  }

  observe(tokens: number, milliseconds: number): void {
    const pace = milliseconds / tokens;
    this.millisecondsPerToken = Math.max(pace, 0.95 * this.millisecondsPerToken + 0.05 * pace);
  }

  /** Milliseconds. `tokens`: equivalent ones, in which a long text counts for more (sent-batches.ts). */
  for(tokens: number): number {
    const expected = tokens * this.millisecondsPerToken;
    const ceiling = Math.max(CEILING_MS, SLACK_PAST_CEILING * expected);
    return Math.min(Math.max(FLOOR_MS, SLACK * expected), ceiling);
  }
}
