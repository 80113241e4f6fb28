import { precisionClass } from '../../engine/precision.ts';
import { toBatch } from '../../engine/protocol.ts';
import type { Dtype, ModelManifest, ScoreCanary } from '../../model-files/manifest.ts';
import type { CheckReport, EngineCheck } from '../task.ts';

/** Lengths of the sequences: a lone token, unequal ones, and one past 128, where packing or a device's attention could go wrong. */
const LENGTHS = [130, 17, 5, 1];
/**
 * By how much a score may differ between a batch and alone, of the larger of 1 and the score: float32 sums in another order;
 * half precision, and integers of what was quantized by the batch.
 */
const TOLERANCE = { single: 1e-4, half: 0.05, quantized: 0.2 } as const;

/**
 * Proves that this process, on this machine, gives known pairs their known scores, where any are, and any other sequence
 * the same score alone and in a mixed batch. Other than a vector a score has no direction: the numbers themselves are
 * compared, before their activation.
 */
export const checkScores: EngineCheck = {
  async pass(run, manifest, { dtype }) {
    const known = manifest.scoreCanary?.cases ?? [];
    const others = lengthsFor(manifest).map((length) => sequenceOf(manifest, length));
    const sequences = [...known.map(({ ids }) => ids), ...others];
    const together = (await run(toBatch(sequences))).rows;
    const alone: number[] = [];
    for (const sequence of sequences) alone.push((await run(toBatch([sequence]))).rows[0] ?? Number.NaN);
    const kind = manifest.selfCheck.exactDtypes.includes(dtype) ? 'single' : precisionClass(dtype);
    for (const [i, score] of alone.entries()) {
      const found = together[i] ?? Number.NaN;
      // Written so that a NaN fails.
      if (Math.abs(found - score) <= TOLERANCE[kind] * Math.max(1, Math.abs(score))) continue;
      throw new Error(
        `The self-check failed: the same ${sequences[i]?.length} token ids score ${found} in a batch and ${score} alone. An export or device that mixes inputs gives wrong scores.`,
      );
    }
    const found = together.subarray(0, known.length);
    refuseWrong(found, manifest.scoreCanary, dtype);
    const report = reportOf(together, alone);
    return known.length === 0 ? report : { ...report, scores: [Array.from(found)] };
  },
  longestSequence: (manifest) =>
    Math.max(...lengthsFor(manifest), ...(manifest.scoreCanary?.cases ?? []).map(({ ids }) => ids.length)),
};

/** Largest difference of a known score in a precision. */
export function scoreTolerance({ tolerance }: ScoreCanary, dtype: Dtype): number {
  return tolerance[precisionClass(dtype)];
}

function refuseWrong(found: Float32Array, canary: ScoreCanary | null, dtype: Dtype): void {
  if (canary === null) return;
  const allowed = scoreTolerance(canary, dtype);
  const wrong = canary.cases.findIndex(({ score }, i) => !(Math.abs((found[i] ?? Number.NaN) - score) <= allowed));
  if (wrong === -1) return;
  throw new Error(
    `The canary failed against its reference (${canary.reference}): pair ${wrong + 1} scores ${found[wrong]?.toFixed(4)}, expected ${canary.cases[wrong]?.score.toFixed(4)} ± ${allowed}. These weights on this machine give wrong scores.`,
  );
}

function lengthsFor({ maxTokens }: ModelManifest): number[] {
  return LENGTHS.map((length) => Math.min(length, maxTokens));
}

/**
 * All begin with the same tokens, as the pairs of a request do, and the longer ones have two texts: what a model takes for
 * the second is padded, and must not reach into other sequences.
 */
function sequenceOf({ vocabularySize, selfCheck }: ModelManifest, length: number): number[] {
  const { paddingToken: padding, betweenTexts = [] } = selfCheck;
  const turn = Math.floor(length / 3);
  return Array.from({ length }, (_, i) => {
    const id = (i * 7919 + (i > 8 ? length : 0)) % vocabularySize;
    const between = turn > 0 ? betweenTexts[i - turn] : undefined;
    return between ?? (id === padding ? (id + 1) % vocabularySize : id);
  });
}

/** The scores of the check as one vector: its cosine to what they should be is 1 where all are right. */
function reportOf(found: Float32Array, expected: readonly number[]): CheckReport {
  const product = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0);
  const length = Math.sqrt(product(found, found) * product(expected, expected));
  const difference = Math.max(...expected.map((score, i) => Math.abs(score - (found[i] ?? Number.NaN))));
  return { cosine: length === 0 ? 1 : product(found, expected) / length, difference, scores: null };
}
