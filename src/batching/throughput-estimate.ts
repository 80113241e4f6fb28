/** Weight of the past against a new batch of the same duration. */
const HALF_LIFE_MS = 5_000;

/** Tokens a second over the recent batches, older ones fading with the engine time that has passed since. */
export class ThroughputEstimate {
  private tokens = 0;
  private milliseconds = 0;

  observe(tokens: number, milliseconds: number): void {
    const fade = 0.5 ** (milliseconds / HALF_LIFE_MS);
    this.tokens = this.tokens * fade + tokens;
    this.milliseconds = this.milliseconds * fade + milliseconds;
  }

  /** 0 before the first batch. */
  get tokensPerSecond(): number {
    return this.milliseconds === 0 ? 0 : (this.tokens * 1000) / this.milliseconds;
  }
}
