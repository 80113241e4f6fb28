/** Part of a batch's slots that may be padding. */
const MAX_PADDING = 0.15;
/** Padding that is never worth a batch of its own: what an engine call costs by itself. */
const FREE_PADDING = 64;

export interface PaddedMeterOptions {
  /** The budget: slots of a batch, padding included. */
  maxSlots: number;
  /** Whether sequences are computed side by side, padded to the longest, or one after the other. */
  isPadded: boolean;
}

/**
 * Measures a batch for the padded path, where every product works on longest × batch size slots. Sequences of unlike
 * length are kept apart: with the queue's look ahead, a batch is what fits a window of like lengths, and a request that
 * is passed over leads the next batch, so nothing waits for its like.
 */
export class PaddedMeter {
  private readonly options: PaddedMeterOptions;
  private count = 0;
  private longest = 0;
  private tokens = 0;

  constructor(options: PaddedMeterOptions) {
    this.options = options;
  }

  fits(tokenIds: Int32Array, part = 1): boolean {
    const { maxSlots, isPadded } = this.options;
    const tokens = this.tokens + tokenIds.length;
    const slots = isPadded ? (this.count + 1) * Math.max(this.longest, tokenIds.length) : tokens;
    return slots <= part * maxSlots && slots - tokens <= Math.max(FREE_PADDING, MAX_PADDING * slots);
  }

  add(tokenIds: Int32Array): void {
    this.count += 1;
    this.tokens += tokenIds.length;
    this.longest = Math.max(this.longest, tokenIds.length);
  }
}
