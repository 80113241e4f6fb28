import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packed } from '../../scripts/packed-weights.ts';
import type { CausalWeights } from '../../src/formats/causal/causal-weights.ts';
import { describeModel } from '../../src/formats/describe-model.ts';
import type { ModelManifest } from '../../src/model-files/manifest.ts';
import { resolveModel } from '../../src/model-files/resolve-model.ts';
import { packageRoot } from '../../src/package-info.ts';

export interface Golden {
  query_prompt: string;
  texts: {
    text: string;
    ids: number[];
    vector: number[];
    query_vector: number[];
    vector_32: number[];
    vector_64: number[];
  }[];
  similarity: { queries: string[]; documents: string[]; scores: number[][] };
}

export { packed };

export const fixtures = path.join(packageRoot, 'test', 'fixtures');

/** Computed by transformers (PyTorch, float32) from the starter's weights. */
export const golden: Golden = JSON.parse(readFileSync(path.join(fixtures, 'starter-golden.json'), 'utf8'));

export async function starterManifest(): Promise<ModelManifest<CausalWeights>> {
  const manifest = await describeModel(resolveModel('starter'));
  return { ...manifest, weights: packed(manifest) };
}
