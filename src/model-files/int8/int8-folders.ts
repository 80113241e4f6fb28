import path from 'node:path';
import { cacheHome } from '../cache-home.ts';
import type { ModelSettings } from '../model-settings.ts';
import type { ModelLocation } from '../resolve-model.ts';

/**
 * Where a model's int8 weights may be, in order of preference: next to the model, or, if that is not writable, in
 * `HF_HOME`, where other tools keep their files. The name of a file says which weights it was made from.
 * @throws {StartError} where there is neither.
 */
export function int8Folders(
  { ownFolder }: Pick<ModelLocation, 'ownFolder'>,
  settings: Pick<ModelSettings, 'hfHome'>,
): string[] {
  if (ownFolder === null) return [path.join(cacheHome(settings), 'hotvec')];
  return settings.hfHome === '' ? [ownFolder] : [ownFolder, path.join(settings.hfHome, 'hotvec')];
}
