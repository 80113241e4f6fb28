import path from 'node:path';
import { StartError } from '../../errors.ts';
import type { ModelFiles } from './model-files.ts';
import type { SentenceModules } from './sentence-modules.ts';

/** What PEFT and the adapters library write; transformers looks for the first beside every model that it loads. */
const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors', 'adapter_model.bin', 'pytorch_adapter.bin'];

/**
 * An adapter (LoRA or similar) changes what the weights next to it compute: transformers applies it while loading them.
 * Weights without it would give vectors that look right.
 *
 * @throws {StartError} naming the file, and saying how to merge it into the weights.
 */
export function refuseAdapters(files: ModelFiles, modules: SentenceModules | null): void {
  const folders = new Set(['', ...(modules?.folders ?? [])]);
  const found = [...folders]
    .flatMap((folder) => ADAPTER_FILES.map((file) => path.posix.join(folder, file)))
    .find((file) => files.has(file));
  if (found === undefined) return;
  const isWhole = ['config.json', 'onnx/model.onnx', 'model.onnx'].some((file) => files.has(file));
  const what = isWhole
    ? `next to its weights is ${found}, an adapter (LoRA or similar), which transformers applies to them and hotvec does not`
    : `${found}: this is an adapter (LoRA or similar), not a model; it modifies the weights of a base model`;
  throw new StartError(
    `${files.name}: ${what}. Merge it: model = SentenceTransformer(BASE); model[0].model = PeftModel.from_pretrained(model[0].model, FOLDER).merge_and_unload(); model.save_pretrained(MERGED), then serve MERGED.${isWhole ? " To serve the weights without it, remove the adapter's files." : ''}`,
  );
}
