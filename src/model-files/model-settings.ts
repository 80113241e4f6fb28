import type { Dtype } from './manifest.ts';
import type { ModelSource } from './resolve-model.ts';

/** The settings that say where a model comes from; names and meanings as in the configuration. */
export interface ModelSettings {
  model: string;
  modelSource: ModelSource;
  /** Empty: the hub's default branch. */
  revision: string;
  dtype: Dtype | 'auto';
  /** Empty: the file's, see {@link hfTokenPath}. */
  hfToken: string;
  /** Empty: `token` in {@link hfHome}, where `hf auth login` leaves one. */
  hfTokenPath: string;
  hfEndpoint: string;
  hfHome: string;
  /** Empty: `hub` in {@link hfHome}. */
  hfHubCache: string;
  modelscopeEndpoint: string;
  modelscopeApiToken: string;
  offline: boolean;
}
