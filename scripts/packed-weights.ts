import type { CausalWeights } from '../src/formats/causal/causal-weights.ts';
import type { ModelManifest } from '../src/model-files/manifest.ts';

/**
 * The weights of a model that hotvec's own graph computes, to be looked into.
 * @throws for a model of another format.
 */
export function packed({ name, format, weights }: ModelManifest): CausalWeights {
  if (format === 'causal') return weights as CausalWeights;
  throw new Error(
    `${name} is of the format ${format}; only safetensors that hotvec's own graph computes will do here.`,
  );
}
