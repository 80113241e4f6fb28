/** Weight of the newest batch against those before. */
const NEWEST = 0.25;

/**
 * How long batches take, by size: a small one has a slower pace than a full one, so each doubling of the size keeps an
 * average of its own.
 */
export class BatchDurations {
  /** Milliseconds a token, by the logarithm of the batch's tokens. */
  private readonly paces: number[] = [];

  observe(tokens: number, milliseconds: number): void {
    const size = sizeOf(tokens);
    const pace = milliseconds / tokens;
    const before = this.paces[size] ?? pace;
    this.paces[size] = before + NEWEST * (pace - before);
  }

  /** Milliseconds that a batch of so many tokens will take; undefined when none of the size was seen. */
  expected(tokens: number): number | undefined {
    const pace = this.paces[sizeOf(tokens)];
    return pace === undefined ? undefined : pace * tokens;
  }
}

function sizeOf(tokens: number): number {
  return Math.floor(Math.log2(tokens));
}
