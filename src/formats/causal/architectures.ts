import { StartError } from '../../errors.ts';
import type { Json } from '../../model-files/folder/read-json.ts';
import type { CausalArchitecture, CausalConfig } from './architecture.ts';
import { llama } from './architectures/llama.ts';
import { mistral } from './architectures/mistral.ts';
import { qwen2 } from './architectures/qwen2.ts';
import { qwen3 } from './architectures/qwen3.ts';

/** Every architecture that the format computes. */
const ARCHITECTURES: readonly CausalArchitecture[] = [qwen3, qwen2, llama, mistral];

/** Values of `model_type` that the format computes, for messages. */
export const MODEL_TYPES: readonly string[] = ARCHITECTURES.map(({ modelType }) => modelType);

/** The architecture of a `model_type`; undefined: the format has none. */
export function architectureOf(modelType: unknown): CausalArchitecture | undefined {
  return ARCHITECTURES.find((architecture) => architecture.modelType === modelType);
}

/**
 * Reads the config.json of any of them.
 * @throws {StartError} naming the field, for what the graph does not compute.
 */
export function readCausalConfig(config: Json): CausalConfig {
  const architecture = architectureOf(config.model_type);
  if (architecture !== undefined) return architecture.readConfig(config);
  throw new StartError(
    `config.json: model_type is ${JSON.stringify(config.model_type)}; hotvec supports ${MODEL_TYPES.join(', ')}.`,
  );
}
