import { HotvecError } from '../../errors.ts';
import type { InputFailures } from '../input-failures.ts';
import type { RerankingFacts } from './reranker.ts';

/**
 * Turns rows of one number into scores, in order.
 * @param rows one a pair; none of those that have failed.
 * @param activation as `RerankingFacts`; `identity`: the numbers themselves.
 * @param failures gets the pairs whose number is not finite, and tells which have failed before.
 * @returns float32 values, of the others.
 */
export function finishScores(
  rows: readonly Float32Array[],
  pairs: readonly { position: number }[],
  activation: RerankingFacts['activation'],
  failures: InputFailures,
): number[] {
  const scores: number[] = [];
  for (const [i, { position }] of pairs.entries()) {
    if (failures.byPosition.has(position)) continue;
    const number = rows[i]?.[0] ?? Number.NaN;
    if (Number.isFinite(number)) scores.push(Math.fround(activation === 'sigmoid' ? sigmoid(number) : number));
    else {
      const message = 'The model produced a score that is not a finite number for a document of this request.';
      failures.add(position, new HotvecError('non_finite_output', message));
    }
  }
  return scores;
}

/** 1 / (1 + e⁻ˣ), without an overflow on either side. */
function sigmoid(x: number): number {
  const power = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + power) : power / (1 + power);
}
