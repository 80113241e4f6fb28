import type { ModelManifest } from '../model/manifest.ts';
import { type Batch, toBatch } from './protocol.ts';
import { cosine, rowAt } from './rows.ts';

/** Rows may differ by this between a batch and alone: float32 sums in another order, nothing more. */
const SELF_TOLERANCE = 1e-5;

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
  const tolerance = canary?.tolerance ?? SELF_TOLERANCE;
  // Written so that a NaN fails.
  if (!(report.difference <= tolerance) || Number.isNaN(report.cosine)) {
    throw new Error(
      `The canary failed: a component differs from its reference (${canary?.reference ?? 'the same text alone'}) by ` +
        `${report.difference.toExponential(2)}, allowed is ${tolerance}. These weights on this machine give wrong vectors.`,
    );
  }
  return report;
}

/** The token ids that the canary runs; the model must be loaded for sequences as long, however short inputs are kept. */
export function canarySequences({ canary, vocabularySize, maxTokens }: ModelManifest): number[][] {
  return canary?.cases.map(({ ids }) => ids) ?? selfCheckSequences(vocabularySize, maxTokens);
}

function selfCheckSequences(vocabularySize: number, maxTokens: number): number[][] {
  // A shared prefix, a lone token and unequal lengths: what the packing plan could get wrong.
  return [33, 17, 5, 1].map((length) =>
    Array.from({ length: Math.min(length, maxTokens) }, (_, i) => (i * 7919 + (i > 8 ? length : 0)) % vocabularySize),
  );
}

/** NaN, not zeros, for a row without length. */
function normalized(row: Float32Array): Float32Array {
  let squares = 0;
  for (const value of row) squares += value * value;
  return row.map((value) => value / Math.sqrt(squares));
}
