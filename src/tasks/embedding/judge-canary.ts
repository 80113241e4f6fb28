import { precisionClass } from '../../engine/precision.ts';
import type { EngineSettings } from '../../engine/protocol.ts';
import type { CanaryScores } from '../../model-files/manifest.ts';

/** WebGPU leaves the precision of `exp`, divisions and sums to the driver: float32 vectors are that close (measured: 2e-7). */
const WEBGPU_TOLERANCE = 1e-4;
/** bf16 has 8 bits of mantissa, fp16 11: components differ in the third digit, the direction stays. */
const HALF_PRECISION_COSINE = 0.999;
const QUANTIZED_COSINE = 0.99;
/** Two vectors that are 0.99 from their references can be that far off in their cosine. */
const QUANTIZED_SCORE_TOLERANCE = 0.03;

type Precision = Pick<EngineSettings, 'device' | 'dtype'>;

/** How far vectors are from their references. */
export interface Closeness {
  /** Lowest cosine of a vector to its reference. */
  cosine: number;
  /** Largest difference of a component of a normalized vector to its reference. */
  difference: number;
}

/**
 * Whether vectors are close enough to their references for the precision they were computed in.
 * @param tolerance largest difference of a component in float32 on a CPU.
 * @returns what is off, or null. Written so that a NaN fails.
 */
export function judge({ cosine, difference }: Closeness, tolerance: number, precision: Precision): string | null {
  const { dtype } = precision;
  const kind = precisionClass(dtype);
  if (kind !== 'single') {
    const least = kind === 'half' ? HALF_PRECISION_COSINE : QUANTIZED_COSINE;
    if (cosine >= least) return null;
    return `a vector's cosine is ${cosine.toFixed(6)}, expected at least ${least} in ${dtype}`;
  }
  const allowed = onDevice(tolerance, precision);
  if (difference <= allowed && !Number.isNaN(cosine)) return null;
  return `a component differs by ${difference.toExponential(2)}, expected at most ${allowed}`;
}

/**
 * Whether the cosines of pairs are close enough to the known ones.
 * @param found [queries][documents]
 * @returns what is off, or null.
 */
export function judgeScores(
  found: readonly (readonly number[])[],
  scores: CanaryScores,
  precision: Precision,
): string | null {
  const allowed = scoreTolerance(scores, precision);
  for (const [i, row] of scores.cosines.entries()) {
    for (const [j, wanted] of row.entries()) {
      const score = found[i]?.[j] ?? Number.NaN;
      if (Math.abs(score - wanted) <= allowed) continue;
      return `query ${i + 1} and document ${j + 1} score ${score.toFixed(4)}, expected ${wanted.toFixed(4)} ± ${allowed}`;
    }
  }
  return null;
}

/** Largest difference of a score in the precision computed in. */
export function scoreTolerance(scores: CanaryScores, precision: Precision): number {
  const kind = precisionClass(precision.dtype);
  if (kind === 'single') return onDevice(scores.tolerance, precision);
  return kind === 'half' ? scores.halfPrecisionTolerance : QUANTIZED_SCORE_TOLERANCE;
}

function onDevice(tolerance: number, { device }: Precision): number {
  return device === 'webgpu' ? Math.max(tolerance, WEBGPU_TOLERANCE) : tolerance;
}
