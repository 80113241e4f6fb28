import type { AcceptedInput } from './accept-input.ts';

/** UTF-16 units of a token where they are many: English has four to five, most other scripts fewer. */
const UNITS_PER_TOKEN = 8;

/** About how many tokens the inputs will have at least, each cut to `maxTokens`, told before they are tokenized. */
export function leastTokens(inputs: readonly AcceptedInput[], maxTokens: number): number {
  let tokens = 0;
  for (const { content } of inputs) {
    const least = typeof content === 'string' ? Math.floor(content.length / UNITS_PER_TOKEN) : content.length;
    tokens += Math.min(least, maxTokens);
  }
  return tokens;
}
