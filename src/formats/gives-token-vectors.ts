import type { ModelManifest } from '../model-files/manifest.ts';

/**
 * Whether the hidden states of single tokens can be had: not of a graph that pools by itself, and not where Dense modules
 * come after pooling, whose space theirs is not.
 */
export function givesTokenVectors({ weights }: Pick<ModelManifest, 'weights'>): boolean {
  if (weights.kind === 'packed') return true;
  return weights.dense.length === 0 && Object.values(weights.exports).every(({ isPooled }) => !isPooled);
}
