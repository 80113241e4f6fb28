import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadManifest } from '../../src/formats/load-manifest.ts';
import type { ModelManifest, PackedWeights } from '../../src/model-files/manifest.ts';
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

export const fixtures = path.join(packageRoot, 'test', 'fixtures');

/** Computed by transformers (PyTorch, float32) from the starter's weights. */
export const golden: Golden = JSON.parse(readFileSync(path.join(fixtures, 'starter-golden.json'), 'utf8'));

/** The weights of a manifest that has them in safetensors. */
export function packed({ weights }: ModelManifest): PackedWeights {
  if (weights.kind !== 'packed') throw new Error('an ONNX export');
  return weights;
}

export function starterManifest(): Promise<ModelManifest> {
  return loadManifest(resolveModel('starter'));
}
