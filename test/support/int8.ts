import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type CausalWeights, decoderChoice } from '../../src/formats/causal/causal-weights.ts';
import { FileHashes } from '../../src/model-files/file-hashes.ts';
import { prepareInt8 } from '../../src/model-files/int8/prepare-int8.ts';
import type { WeightBits } from '../../src/model-files/int8/scheme.ts';
import { fixtures, starterManifest } from './starter.ts';

interface Int8Golden {
  /** Part of a matrix that rounding takes, and hashes of those that are quantized. */
  matrices: Record<string, { lost: number; values_sha256?: string; scales_sha256?: string }>;
  /** Products of rows with one of the starter's matrices: the first channels. */
  product: { name: string; rows: number[][]; expected: number[][]; expected_with_outliers: number[][] };
  texts: { ids: number[]; vector: number[] }[];
}

/** By the bits of a weight; computed with NumPy and PyTorch by test/fixtures/int8/make.py. */
export const int8Golden: Readonly<Record<WeightBits, Int8Golden>> = JSON.parse(
  readFileSync(path.join(fixtures, 'int8', 'golden.json'), 'utf8'),
);

/** The starter's weights, quantized into `folder`. */
export async function int8Starter(folder: string, bits: WeightBits = 8): Promise<CausalWeights> {
  const { weights } = await starterManifest();
  const options = { choice: decoderChoice(bits), folders: [folder], files: new FileHashes(), onEvent: () => {} };
  return { ...weights, int8: await prepareInt8(weights.tensors, options) };
}
