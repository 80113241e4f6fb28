import { readFileSync } from 'node:fs';
import path from 'node:path';
import { causalFormat } from '../../src/formats/causal/causal-format.ts';
import type { CausalWeights } from '../../src/formats/causal/causal-weights.ts';
import { FileHashes } from '../../src/model-files/file-hashes.ts';
import { fixtures, starterManifest } from './starter.ts';

interface Int8Golden {
  /** Part of a matrix that rounding takes, and hashes of those that are quantized. */
  matrices: Record<string, { lost: number; values_sha256?: string; scales_sha256?: string }>;
  /** Products of rows with one of the starter's matrices: the first channels. */
  product: { name: string; rows: number[][]; expected: number[][] };
  texts: { ids: number[]; vector: number[] }[];
}

/** Computed with NumPy and PyTorch by test/fixtures/int8/make.py. */
export const int8Golden: Int8Golden = JSON.parse(readFileSync(path.join(fixtures, 'int8', 'golden.json'), 'utf8'));

/** The starter's weights, quantized into `folder`. */
export async function int8Starter(folder: string): Promise<CausalWeights> {
  const options = { folders: () => [folder], files: new FileHashes(), onEvent: () => {} };
  return (await causalFormat.prepare(await starterManifest(), new Set(['int8']), options)).weights;
}
