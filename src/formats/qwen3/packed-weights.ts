import { StartError } from '../../errors.ts';
import { choosePooling, type PoolingSetting } from '../../model-files/folder/choose-pooling.ts';
import { type Json, type ReadJson, readJson } from '../../model-files/folder/read-json.ts';
import { locateTensors } from '../../model-files/folder/safetensors.ts';
import { checkModules, readPooling, type SentenceModules } from '../../model-files/folder/sentence-modules.ts';
import type { PackedWeights, Pooling } from '../../model-files/manifest.ts';
import { parseQwen3Config } from './qwen3-config.ts';

/**
 * Finds the weights of a Qwen3-family model in safetensors, whose packed graph pools the last token and nothing else.
 * @throws {StartError} for files that are missing or damaged, and for anything else than last-token pooling.
 */
export async function findPackedWeights(
  { name, folder }: { name: string; folder: string },
  has: (file: string) => boolean,
  config: Json,
  modules: SentenceModules | null,
  setting: PoolingSetting,
): Promise<PackedWeights> {
  const architecture = parseQwen3Config(config);
  const declared = modules === null ? null : await readPackedPooling(name, modules, (file) => readJson(folder, file));
  checkPooling(name, choosePooling({ name, declared, isPooledInGraph: false }, setting));
  return { kind: 'packed', architecture, tensors: await locateTensors(folder, has) };
}

/**
 * The pooling that a model's files declare; it needs no weights, so that a model is refused before they are downloaded.
 * @throws {StartError} for modules and poolings that the packed graph does not have.
 */
export async function readPackedPooling(name: string, modules: SentenceModules, read: ReadJson): Promise<Pooling> {
  checkModules(modules, []);
  const pooling = await readPooling(read, modules);
  checkPooling(name, pooling);
  return pooling;
}

function checkPooling(name: string, pooling: Pooling): void {
  if (pooling === 'last_token') return;
  throw new StartError(
    `${name} pools by ${pooling}; from safetensors hotvec implements last_token. Use an ONNX export.`,
  );
}
