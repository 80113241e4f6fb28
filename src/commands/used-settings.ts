import { hubSettings } from '../settings/hub-settings.ts';
import { modelSettings } from '../settings/model-settings.ts';
import type { SettingName } from '../settings/settings.ts';

/** Settings that a command reads. Of the others a flag is refused by name, and a variable is as good as not set: env files are shared. */
export type UsedSettings = ReadonlySet<SettingName>;

const OF_MODELS = Object.keys(modelSettings) as SettingName[];
const OF_HUBS = Object.keys(hubSettings) as SettingName[];
const LOADING: readonly SettingName[] = [...OF_MODELS, ...OF_HUBS, 'logLevel'];

/** Of commands that load models, or fetch them, and answer nobody. */
export const LOADING_SETTINGS: UsedSettings = new Set(LOADING);

/** No request names a model, equal texts are computed once without a cache, and calls come as fast as the engine takes them. */
const WITHOUT_REQUESTS: readonly SettingName[] = ['aliases', 'vectorCacheMb', 'maxQueueTokens'];
const BULK = [...LOADING, 'truncate' as const].filter((name) => !WITHOUT_REQUESTS.includes(name));
export const VECTOR_SETTINGS: UsedSettings = new Set(BULK);
/** `EMPTY_TEXTS` is of static embedding models. */
export const SCORE_SETTINGS: UsedSettings = new Set(BULK.filter((name) => name !== 'emptyTexts'));

/** Where servers compute, which have settings of their own. */
export const FLEET_SETTINGS: UsedSettings = new Set(['model', 'truncate', 'logLevel']);

/** Lines are requests, without a door, and without anybody who waits. */
export const BATCH_SETTINGS: UsedSettings = new Set([
  ...LOADING,
  'truncate',
  'maxInputs',
  'maxRequestTokens',
  'maxBodyBytes',
  'maxInflightBytes',
]);
