import { StartError } from '../errors.ts';
import { choosePooling, type PoolingSetting } from './choose-pooling.ts';
import type { PackedWeights } from './manifest.ts';
import { parseQwen3Config } from './qwen3-config.ts';
import type { Json } from './read-json.ts';
import { locateTensors } from './safetensors.ts';
import { checkModules, readPooling, type SentenceModules } from './sentence-modules.ts';

/**
 * Finds the weights of a Qwen3-family model in safetensors, whose packed graph pools the last token and nothing else.
 * @throws {StartError} for files that are missing or damaged, and for anything else than last-token pooling.
 */
export async function findPackedWeights(
  { name, folder }: { name: string; folder: string },
  config: Json,
  modules: SentenceModules | null,
  setting: PoolingSetting,
): Promise<PackedWeights> {
  const architecture = parseQwen3Config(config);
  if (modules !== null) checkModules(modules, []);
  const declared = modules === null ? null : await readPooling(folder, modules);
  const pooling = choosePooling(declared, setting, name);
  if (pooling !== 'last_token') {
    throw new StartError(
      `${name} pools by ${pooling}; from safetensors hotvec implements last_token. Use an ONNX export.`,
    );
  }
  return { kind: 'packed', architecture, tensors: await locateTensors(folder) };
}
