import { type Batch, toBatch } from './protocol.ts';

const SEQUENCE_LENGTH = 32;
/** Below this a larger batch is tried: a small one measures call overhead, not the machine. */
const TOO_SHORT_MS = 50;

/**
 * Runs batches of growing size, so that the first request meets allocated memory and measured speed.
 *
 * @returns tokens a second on distinct tokens, of the largest batch run.
 */
export async function warmUp(
  run: (batch: Batch) => Promise<unknown>,
  limits: { vocabularySize: number; maxTokens: number },
): Promise<number> {
  const length = Math.min(SEQUENCE_LENGTH, limits.maxTokens);
  let tokensPerSecond = 0;
  for (const batchSize of [1, 2, 8, 32, 64]) {
    const batch = toBatch(
      Array.from({ length: batchSize }, (_, i) =>
        // The first token differs, so no two sequences share a prefix.
        Array.from({ length }, (_, j) => (i + j * 7919) % limits.vocabularySize),
      ),
    );
    const start = performance.now();
    await run(batch);
    const elapsed = performance.now() - start;
    tokensPerSecond = (batchSize * length * 1000) / elapsed;
    if (elapsed > TOO_SHORT_MS && batchSize > 1) break;
  }
  return tokensPerSecond;
}
