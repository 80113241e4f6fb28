import type { EngineInfo } from './engine/protocol.ts';

const BATCH_SECONDS = 0.5;
const FEWEST_TOKENS = 256;

/**
 * Tokens that fill a batch, where MAX_BATCH_TOKENS does not say: half a second of work at the measured pace of one
 * engine process, within the sizes that fill its device. Below 256 rows a matrix product loses speed; above `largest`
 * (1,024 on a CPU) it gains none, and waiting and memory grow (bench/RESULTS.md).
 */
export function batchBudget(
  { tokensPerSecond }: Pick<EngineInfo, 'tokensPerSecond'>,
  processes: number,
  largest: number,
): number {
  const wanted = (tokensPerSecond / processes) * BATCH_SECONDS;
  return Math.round(Math.min(largest, Math.max(FEWEST_TOKENS, wanted)));
}
