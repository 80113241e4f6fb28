import type { ModelRegistry } from '../../served-models/registry.ts';
import type { Config, SettingName } from '../../settings/settings.ts';

/** What every route that serves a model is registered with, ours and those of the dialects: the settings are those it reads. */
export interface RouteOptions<Setting extends SettingName = SettingName> {
  models: ModelRegistry;
  config: Pick<Config, Setting>;
}
