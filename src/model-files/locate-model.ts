import { StartError } from '../errors.ts';
import { checkPlainFiles } from './folder/plain-files.ts';
import type { OnHubEvent } from './hub/hub-events.ts';
import type { Wait } from './hub/retry.ts';
import type { ModelSettings } from './model-settings.ts';
import { findLocalModel, type ModelLocation, parseHubReference, resolveModel } from './resolve-model.ts';

export interface LocateOptions {
  settings: ModelSettings;
  onEvent: OnHubEvent;
  /** Ask the hub even when the cache has the model: what `hotvec pull` is for. */
  refresh?: boolean;
  wait?: Wait;
}

/**
 * Finds the model that the settings name, downloads it if need be, and verifies what came from a hub.
 *
 * A model that the cache holds is used as it is, without a request: a server must not change its vectors on a restart
 * because a branch moved. `refresh` moves it.
 *
 * @throws {StartError} with the one line that says what to do.
 */
export async function locateModel(options: LocateOptions): Promise<ModelLocation> {
  const { settings } = options;
  const { model } = settings;
  const local = findLocalModel(model);
  if (local !== undefined) {
    if (settings.revision === '') {
      checkPlainFiles(local.folder);
      return local;
    }
    throw new StartError(
      `REVISION=${settings.revision} applies only to hub models, but MODEL=${model} is a folder. Unset REVISION.`,
    );
  }
  const reference = parseHubReference(model);
  if (reference === undefined) return resolveModel(model);
  // A local model needs none of it, and loading it takes a start long.
  const { locateHubModel } = await import('./locate-hub-model.ts');
  return locateHubModel(reference, options);
}
