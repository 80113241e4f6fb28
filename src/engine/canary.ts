import type { ModelManifest } from '../model/manifest.ts';
import { type Batch, type EngineSettings, toBatch } from './protocol.ts';
import { cosine, rowAt } from './rows.ts';

/** Rows may differ by this between a batch and alone: float32 sums in another order, nothing more. */
const SELF_TOLERANCE = 1e-5;
/** WebGPU leaves the precision of `exp`, divisions and sums to the driver: float32 vectors are that close (measured: 2e-7). */
const WEBGPU_TOLERANCE = 1e-4;
/** bf16 has 8 bits of mantissa, fp16 11: components differ in the third digit, the direction stays. */
const HALF_PRECISION_COSINE = 0.999;
const QUANTIZED_COSINE = 0.99;

export interface CanaryReport {
  /** Lowest cosine of a vector to its reference. */
  cosine: number;
  /** Largest difference of a component of a normalized vector to its reference. */
  difference: number;
}

/**
 * Proves that this process, on this machine, computes the right vectors: the manifest's golden texts where it has some,
 * else fixed token sequences that must come out of a mixed batch as they come out alone.
 *
 * @throws {Error} when a vector is off, saying by how much. Such an engine must not serve.
 */
export async function passCanary(
  run: (batch: Batch) => Promise<{ rows: Float32Array }>,
  manifest: ModelManifest,
  settings: Pick<EngineSettings, 'device' | 'dtype'>,
): Promise<CanaryReport> {
  const { canary, hiddenSize } = manifest;
  const sequences = canarySequences(manifest);
  const together = (await run(toBatch(sequences))).rows;
  const report: CanaryReport = { cosine: 1, difference: 0 };
  for (const [i, sequence] of sequences.entries()) {
    const vector = normalized(rowAt(together, i, hiddenSize));
    const golden = canary?.cases[i]?.vector ?? normalized((await run(toBatch([sequence]))).rows);
    report.cosine = Math.min(report.cosine, cosine(vector, golden));
    for (let j = 0; j < hiddenSize; j++) {
      report.difference = Math.max(report.difference, Math.abs((vector[j] as number) - (golden[j] as number)));
    }
  }
  const complaint = judge(report, canary?.tolerance ?? SELF_TOLERANCE, settings);
  if (complaint !== null) {
    const reference = canary?.reference ?? 'the same text alone';
    throw new Error(
      `The canary failed against its reference (${reference}): ${complaint}. These weights on this machine give wrong vectors.`,
    );
  }
  return report;
}

/**
 * Whether vectors are close enough to their references for the precision they were computed in.
 * @param tolerance largest difference of a component in float32 on a CPU.
 * @returns what is off, or null. Written so that a NaN fails.
 */
export function judge(
  report: CanaryReport,
  tolerance: number,
  { device, dtype }: Pick<EngineSettings, 'device' | 'dtype'>,
): string | null {
  if (dtype !== 'fp32') {
    const least = dtype === 'bf16' || dtype === 'fp16' ? HALF_PRECISION_COSINE : QUANTIZED_COSINE;
    if (report.cosine >= least) return null;
    return `a vector's cosine is ${report.cosine.toFixed(6)}, at least ${least} is wanted in ${dtype}`;
  }
  const allowed = device === 'webgpu' ? Math.max(tolerance, WEBGPU_TOLERANCE) : tolerance;
  if (report.difference <= allowed && !Number.isNaN(report.cosine)) return null;
  return `a component differs by ${report.difference.toExponential(2)}, allowed is ${allowed}`;
}

/** The token ids that the canary runs; the model must be loaded for sequences as long, however short inputs are kept. */
export function canarySequences({ canary, vocabularySize, maxTokens }: ModelManifest): number[][] {
  return canary?.cases.map(({ ids }) => ids) ?? selfCheckSequences(vocabularySize, maxTokens);
}

function selfCheckSequences(vocabularySize: number, maxTokens: number): number[][] {
  // A shared prefix, a lone token, unequal lengths, and one past 128: what the packing plan and a device's attention
  // could get wrong.
  return [130, 17, 5, 1].map((length) =>
    Array.from({ length: Math.min(length, maxTokens) }, (_, i) => (i * 7919 + (i > 8 ? length : 0)) % vocabularySize),
  );
}

/** NaN, not zeros, for a row without length. */
function normalized(row: Float32Array): Float32Array {
  let squares = 0;
  for (const value of row) squares += value * value;
  return row.map((value) => value / Math.sqrt(squares));
}
