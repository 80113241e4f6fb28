import { statSync } from 'node:fs';
import { readModelsFile } from './models-file.ts';
import { variableOf } from './setting-text.ts';
import type { Config, SettingName } from './settings.ts';

/** Settings that say something of one model, so that several cannot have them from the environment. */
const OF_ONE_MODEL = [
  'servedModelName',
  'aliases',
  'revision',
  'matryoshkaDimensions',
] as const satisfies SettingName[];

export interface ModelConfigs {
  /** The settings of each model: its own before those of all. At least one where there are no problems. */
  models: Config[];
  problems: string[];
}

/** The models that `MODEL` or `MODELS_FILE` names, and what is wrong with how they are named. */
export function modelConfigs(config: Config): ModelConfigs {
  const file = config.modelsFile === '' ? null : readModelsFile(config.modelsFile);
  const models = file?.entries.map((entry) => ({ ...config, ...entry })) ?? modelsIn(config);
  const problems = [...(file?.problems ?? [])];
  if (models.some(({ model }) => model === '')) {
    problems.push(`MODEL=${config.model} has an empty name between its commas.`);
  }
  if (file === null && models.length < 2) return { models, problems };
  for (const name of OF_ONE_MODEL) {
    if (config[name].length === 0) continue;
    const own = file === null ? 'List the models in MODELS_FILE, and set' : 'Set';
    const reason = file === null ? `MODEL names ${models.length}` : 'MODELS_FILE lists models';
    const field = variableOf(name).toLowerCase();
    problems.push(
      `${variableOf(name)}=${config[name]} applies to one model, but ${reason}. ${own} ${field} there for each.`,
    );
  }
  return { models, problems };
}

/** A folder may have a comma in its name. */
function modelsIn(config: Config): Config[] {
  const { model } = config;
  if (statSync(model, { throwIfNoEntry: false })?.isDirectory()) return [config];
  return model.split(',').map((name) => ({ ...config, model: name.trim() }));
}
