import type { Dtype, ModelManifest } from '../model-files/manifest.ts';

/** Every file whose bytes the vectors depend on, in the order they are used where that matters. */
export function weightFiles({ weights }: Pick<ModelManifest, 'weights'>, dtype: Dtype): string[] {
  if (weights.kind === 'packed') return [...new Set(Object.values(weights.tensors).map(({ file }) => file))].sort();
  const chosen = weights.exports[dtype];
  if (chosen === undefined) throw new Error(`there is no export in ${dtype}`);
  const dense = chosen.isPooled ? [] : weights.dense.map(({ weight }) => weight.file);
  return [chosen.graphFile, ...chosen.dataFiles, ...dense];
}
