import type { Config } from '../settings/settings.ts';

/** The settings that say where a model comes from. */
export type ModelSettings = Pick<
  Config,
  | 'model'
  | 'modelSource'
  | 'revision'
  | 'weights'
  | 'dtype'
  | 'hfToken'
  | 'hfTokenPath'
  | 'hfEndpoint'
  | 'hfHome'
  | 'hfHubCache'
  | 'modelscopeEndpoint'
  | 'modelscopeApiToken'
  | 'offline'
>;
