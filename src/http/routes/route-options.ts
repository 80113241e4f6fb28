import type { ModelNames } from '../../served-models/model-names.ts';
import type { Config } from '../../settings/config.ts';
import type { Embedder } from '../../tasks/embedding/embedder.ts';

/** What every route that serves a model is registered with, ours and those of the dialects. */
export interface RouteOptions {
  embedder: Embedder;
  names: ModelNames;
  config: Config;
}
