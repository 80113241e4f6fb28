import type { BatchCost } from '../../model-files/manifest.ts';

/** Bounds attention's memory where one long text meets many short ones: padded slots per budgeted token. */
const SLOTS_PER_TOKEN = 4;
/** Part of a batch's work that may be attention over padding before a text is better off in another batch. */
const MAX_WASTE = 0.15;

/**
 * What attention works on while a batch is formed: a padded view, longest × batch size, where matrix products work on
 * tokens. So a short text is kept away from long ones where that padding would cost noticeably: always in a small model,
 * only among very long texts in a large one.
 */
export class AttentionView {
  private readonly cost: BatchCost;
  private count = 0;
  private longest = 0;
  private tokens = 0;

  constructor(cost: BatchCost) {
    this.cost = cost;
  }

  /** Whether a sequence of `length` may join, in a batch of at most `maxTokens` rows. */
  fits(length: number, maxTokens: number): boolean {
    const { perRow, perSlotAndPosition } = this.cost;
    const longest = Math.max(this.longest, length);
    const tokens = this.tokens + length;
    const slots = (this.count + 1) * longest;
    if (slots > SLOTS_PER_TOKEN * maxTokens) return false;
    const perSlot = longest * perSlotAndPosition;
    return (slots - tokens) * perSlot <= MAX_WASTE * (tokens * perRow + slots * perSlot);
  }

  add(length: number): void {
    this.count += 1;
    this.tokens += length;
    this.longest = Math.max(this.longest, length);
  }
}
