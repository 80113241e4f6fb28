import path from 'node:path';
import type { ModelSettings } from '../model-settings.ts';
import type { ModelLocation } from '../resolve-model.ts';

/**
 * Where a model's int8 weights may lie, the first preferred: beside the model, or, where that cannot be written, in
 * `HF_HOME`, as other tools keep what they make. The name of a file says which weights it was made from.
 */
export function int8Folders(
  { ownFolder }: Pick<ModelLocation, 'ownFolder'>,
  { hfHome }: Pick<ModelSettings, 'hfHome'>,
): string[] {
  return [...(ownFolder === null ? [] : [ownFolder]), path.join(hfHome, 'hotvec')];
}
