import { type Batch, type EngineSettings, rowAt, toBatch } from '../../engine/protocol.ts';
import type { ModelManifest } from '../../model-files/manifest.ts';
import type { CheckReport } from '../task.ts';
import { cosine } from './cosine.ts';
import { type Closeness, judge, judgeScores } from './judge-canary.ts';
import { findSelfChecks, selfCheckLengths } from './self-check.ts';

/** Rows may differ by this between a batch and alone: float32 sums in another order, nothing more. */
const SELF_TOLERANCE = 1e-5;

/**
 * Proves that this process, on this machine, computes the right vectors: golden texts give their known vectors, pairs of
 * texts their known scores; any other text, token sequences where the manifest has no canary, must come out of a mixed
 * batch as it comes out alone.
 *
 * @throws {Error} when a vector is off, saying by how much. Such an engine must not serve.
 */
export async function passCanary(
  run: (batch: Batch) => Promise<{ rows: Float32Array }>,
  manifest: ModelManifest,
  settings: Pick<EngineSettings, 'device' | 'dtype'>,
): Promise<CheckReport> {
  const { canary, hiddenSize } = manifest;
  const checks = canary === null ? await findSelfChecks(run, manifest) : [];
  const sequences = canary?.cases.map(({ ids }) => ids) ?? checks.map(({ ids }) => ids);
  const together = (await run(toBatch(sequences))).rows;
  const vectors = sequences.map((_, i) => normalized(rowAt(together, i, hiddenSize)));

  const toGolden: Closeness = { cosine: 1, difference: 0 };
  const toItself: Closeness = { cosine: 1, difference: 0 };
  for (const [i, sequence] of sequences.entries()) {
    const vector = vectors[i] as Float32Array;
    const golden = canary?.cases[i]?.vector ?? [];
    if (golden.length > 0) widen(toGolden, vector, golden);
    else widen(toItself, vector, normalized(checks[i]?.alone ?? (await run(toBatch([sequence]))).rows));
  }
  const scores = canary?.scores;
  const found = scores?.queries.map((query) =>
    scores.documents.map((document) => cosine(vectors[query] as Float32Array, vectors[document] as Float32Array)),
  );

  const reference = canary?.reference ?? '';
  refuse(judge(toGolden, canary?.tolerance ?? SELF_TOLERANCE, settings), reference);
  const isExact = manifest.selfCheck.exactDtypes.includes(settings.dtype);
  const precision = isExact ? ({ ...settings, dtype: 'fp32' } as const) : settings;
  const complaint = judge(toItself, SELF_TOLERANCE, precision);
  if (complaint !== null) {
    throw new Error(
      `The self-check failed: the same token ids give a different vector in a batch than alone (${complaint}). An export or device that mixes inputs gives wrong vectors.`,
    );
  }
  if (scores !== undefined) refuse(judgeScores(found ?? [], scores, settings), reference);
  return {
    cosine: Math.min(toGolden.cosine, toItself.cosine),
    difference: Math.max(toGolden.difference, toItself.difference),
    scores: found ?? null,
  };
}

/** The longest sequence that the canary runs; the model must be loaded for it, however short inputs are kept. */
export function longestCanary({ canary, maxTokens }: ModelManifest): number {
  return Math.max(...(canary?.cases.map(({ ids }) => ids.length) ?? selfCheckLengths(maxTokens)));
}

/** Takes another vector into account. A NaN stays. */
function widen(closeness: Closeness, vector: Float32Array, reference: ArrayLike<number>): void {
  closeness.cosine = Math.min(closeness.cosine, cosine(vector, reference));
  for (const [i, component] of vector.entries()) {
    closeness.difference = Math.max(closeness.difference, Math.abs(component - (reference[i] as number)));
  }
}

function refuse(complaint: string | null, reference: string): void {
  if (complaint === null) return;
  throw new Error(
    `The canary failed against its reference (${reference}): ${complaint}. These weights on this machine give wrong vectors.`,
  );
}

/** NaN, not zeros, for a row without length. */
function normalized(row: Float32Array): Float32Array {
  let squares = 0;
  for (const value of row) squares += value * value;
  return row.map((value) => value / Math.sqrt(squares));
}
