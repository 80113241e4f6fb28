import type { Qwen3Weights } from '../src/formats/qwen3/qwen3-weights.ts';
import type { ModelManifest } from '../src/model-files/manifest.ts';

/**
 * The weights of a model that hotvec's own graph computes, to be looked into.
 * @throws for a model of another format.
 */
export function packed({ name, format, weights }: ModelManifest): Qwen3Weights {
  if (format === 'qwen3') return weights as Qwen3Weights;
  throw new Error(
    `${name} is of the format ${format}; only safetensors that hotvec's own graph computes will do here.`,
  );
}
