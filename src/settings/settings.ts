import type { Static } from 'typebox';
import { batchSettings } from './batch-settings.ts';
import { hubSettings } from './hub-settings.ts';
import { modelSettings } from './model-settings.ts';
import { portSettings } from './port-settings.ts';
import { reportSettings } from './report-settings.ts';
import { requestSettings } from './request-settings.ts';

/**
 * Every setting of `hotvec serve`, once: its type, default and documentation. The environment variable is the name in
 * capitals (`MAX_BATCH_TOKENS`, or `HOTVEC_MAX_BATCH_TOKENS`), the flag the name in kebab case (`--max-batch-tokens`).
 * The README's table is generated from here; `config.ts` reads what is given.
 */
export const settings = {
  ...modelSettings,
  ...hubSettings,
  ...requestSettings,
  ...batchSettings,
  ...portSettings,
  ...reportSettings,
};

export type Config = { [Name in keyof typeof settings]: Static<(typeof settings)[Name]> };
export type SettingName = keyof Config;

/** Settings that hold an address, which may have a password in it. */
export const ADDRESSES: readonly SettingName[] = ['hfEndpoint', 'modelscopeEndpoint', 'otelExporterOtlpEndpoint'];
