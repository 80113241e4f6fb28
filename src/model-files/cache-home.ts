import { StartError } from '../errors.ts';
import type { ModelSettings } from './model-settings.ts';

/**
 * The folder for all that is downloaded or made from it. Asked for only where one is needed: the starter needs none.
 * @throws {StartError} where no setting names one and the user has no home.
 */
export function cacheHome({ hfHome }: Pick<ModelSettings, 'hfHome'>): string {
  if (hfHome !== '') return hfHome;
  throw new StartError(
    'There is no folder for models: HOME is not set, and this user has no home directory. Set HF_HOME to a folder that this user can write to.',
  );
}
