import { statSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '../errors.ts';
import { packageRoot } from '../package-info.ts';

/** Where a model lies, and what to call it. */
export interface ModelLocation {
  name: string;
  /** Absolute path. */
  folder: string;
}

/**
 * Finds the folder that the MODEL setting names.
 * @throws {StartError} when it is neither `starter` nor a folder, saying how to get one.
 */
export function resolveModel(model: string): ModelLocation {
  if (model === 'starter') return { name: 'starter', folder: path.join(packageRoot, 'models', 'starter') };
  const folder = path.resolve(model);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return { name: path.basename(folder), folder };
  const isHubId = /^[\w.-]+\/[\w.-]+$/.test(model) && !model.startsWith('.');
  throw new StartError(
    isHubId
      ? `MODEL=${model} looks like a hub id, and there is no such folder. This version of hotvec does not download: run \`hf download ${model} --local-dir ${path.basename(model)}\` and set MODEL=${path.basename(model)}.`
      : `MODEL=${model}: there is no such folder. Set MODEL to \`starter\` or to a folder with config.json, model.safetensors and tokenizer.json.`,
  );
}
