import path from 'node:path';
import { StartError } from '../../errors.ts';
import type { Pooling } from '../manifest.ts';
import { checkFields, type FieldRules, refuseField } from './check-fields.ts';
import type { Json, ReadJson } from './read-json.ts';

/** The stages of a sentence-transformers model, as modules.json lists them. */
export interface SentenceModules {
  /** Class names, without their packages: `Transformer`, `Pooling`, … */
  kinds: string[];
  /** Folder of each module, relative to the model's. */
  folders: string[];
}

/** sentence-transformers' names: those of `pooling_mode` since version 5.2, and of the `pooling_mode_*` flags before. */
const POOLING_NAMES: ReadonlyMap<string, Pooling> = new Map(
  Object.entries({
    cls: 'cls',
    cls_token: 'cls',
    max: 'max',
    max_tokens: 'max',
    mean: 'mean',
    mean_tokens: 'mean',
    mean_sqrt_len_tokens: 'mean_sqrt_len',
    weightedmean: 'weighted_mean',
    weightedmean_tokens: 'weighted_mean',
    lasttoken: 'last_token',
  } as const),
);
const SUPPORTED_MODES = 'cls, max, mean, mean_sqrt_len, weightedmean and lasttoken';

const MODULE_FIELDS: FieldRules = {
  type: 'applied',
  path: 'applied',
  idx: { noEffect: 'the order of the array is what counts' },
  name: { noEffect: 'the name of the module' },
  kwargs: { noEffect: 'names of arguments that a call may pass to the module; none are passed' },
};
/** The packages whose modules hotvec knows; in other packages a class of the same name may do anything. */
const KNOWN_PACKAGE = /^sentence_transformers\./;

const POOLING_FLAG = { only: [true, false] };
const POOLING_FIELDS: FieldRules = {
  pooling_mode: 'applied',
  pooling_mode_cls_token: POOLING_FLAG,
  pooling_mode_max_tokens: POOLING_FLAG,
  pooling_mode_mean_tokens: POOLING_FLAG,
  pooling_mode_mean_sqrt_len_tokens: POOLING_FLAG,
  pooling_mode_weightedmean_tokens: POOLING_FLAG,
  pooling_mode_lasttoken: POOLING_FLAG,
  include_prompt: 'applied',
  embedding_dimension: { noEffect: 'the size of the input, which the weights determine' },
  word_embedding_dimension: { noEffect: 'the same, under its name before version 5.2' },
};
const NORMALIZE_FIELDS: FieldRules = {
  module_input_name: { only: ['sentence_embedding'] },
  module_output_name: { only: ['sentence_embedding', null] },
};
/** Of the modules without weights. */
const MODULE_CONFIG_FIELDS: ReadonlyMap<string, FieldRules> = new Map([
  ['Pooling', POOLING_FIELDS],
  ['Normalize', NORMALIZE_FIELDS],
  ['Dropout', { dropout: { noEffect: 'it concerns training' } }],
]);

/** @throws {StartError} for a modules.json that is not an array of objects. */
function checkModuleList(modules: unknown): asserts modules is { type?: unknown; path?: unknown }[] {
  if (Array.isArray(modules) && modules.every((entry) => typeof entry === 'object' && entry !== null)) return;
  throw new StartError('modules.json is not an array of modules. Copy or download the model again, or choose another.');
}

/** null where there is no modules.json. */
export async function readSentenceModules(read: ReadJson): Promise<SentenceModules | null> {
  const modules = await read('modules.json');
  if (modules === undefined) return null;
  checkModuleList(modules);
  for (const [i, module] of modules.entries()) {
    checkFields(`modules.json[${i}]`, module, MODULE_FIELDS);
    const { type, path: folder = '' } = module;
    if (typeof type !== 'string' || !KNOWN_PACKAGE.test(type)) {
      throw refuseField(`modules.json[${i}]`, 'type', type, 'only modules of sentence-transformers');
    }
    if (typeof folder !== 'string' || path.posix.isAbsolute(folder) || path.posix.join(folder, '.').startsWith('..')) {
      throw refuseField(`modules.json[${i}]`, 'path', folder, 'only folders inside the model folder');
    }
  }
  return {
    kinds: modules.map(({ type }) => String(type).split('.').at(-1) as string),
    folders: modules.map((module) => path.posix.join(String(module.path ?? ''), '.').replace(/^\.$/, '')),
  };
}

/**
 * Checks that the modules are what hotvec implements: Transformer, Pooling, any number of `between`, and Normalize or not.
 * @throws {StartError} naming the modules found.
 */
export function checkModules({ kinds }: SentenceModules, between: readonly string[]): void {
  const [transformer, pooling, ...rest] = kinds;
  if (rest.at(-1) === 'Normalize') rest.pop();
  const isKnown =
    transformer === 'Transformer' && pooling === 'Pooling' && rest.every((kind) => between.includes(kind));
  if (isKnown) return;
  const inBetween = between.length === 0 ? '' : `any of ${between.join(', ')}, `;
  throw new StartError(
    `modules.json lists ${kinds.join(', ') || 'nothing'}; hotvec supports Transformer, Pooling, ${inBetween}Normalize, in this order.`,
  );
}

/**
 * Checks what the Pooling and Normalize modules say of themselves, also where a graph does their work: an exporter cannot
 * know which tokens are a prompt's. Old Normalize modules say nothing.
 *
 * @throws {StartError} naming file and field.
 */
export async function checkModuleConfigs(read: ReadJson, { kinds, folders }: SentenceModules): Promise<void> {
  for (const [i, kind] of kinds.entries()) {
    const fields = MODULE_CONFIG_FIELDS.get(kind);
    const folder = folders[i] ?? '';
    if (fields === undefined || folder === '') continue;
    const file = path.posix.join(folder, 'config.json');
    const config = (await read(file)) as Json | undefined;
    if (config === undefined) continue;
    checkFields(file, config, fields);
    if (kind === 'Pooling') checkPromptIsPooled(file, config);
  }
}

function checkPromptIsPooled(file: string, config: Json): void {
  // null also means no for sentence-transformers.
  if (config.include_prompt === undefined || config.include_prompt === true) return;
  throw new StartError(
    `${file} sets include_prompt to ${JSON.stringify(config.include_prompt)}: hotvec does not exclude prompt tokens from pooling.`,
  );
}

/** @throws {StartError} for a pooling that is missing, or that hotvec does not implement, naming it. */
export async function readPooling(read: ReadJson, { folders }: SentenceModules): Promise<Pooling> {
  const file = path.posix.join(folders[1] || '1_Pooling', 'config.json');
  const config = (await read(file)) as Json | undefined;
  if (config === undefined) throw new StartError(`The model has no ${file}, so its pooling is unknown.`);
  checkFields(file, config, POOLING_FIELDS);
  checkPromptIsPooled(file, config);
  const modes = poolingModes(config);
  const pooling = POOLING_NAMES.get(modes[0] ?? '');
  if (modes.length === 1 && pooling !== undefined) return pooling;
  throw new StartError(
    `${file} sets ${modes.map((mode) => `pooling mode ${mode}`).join(' and ') || 'no pooling mode'}; hotvec supports exactly one of ${SUPPORTED_MODES}.`,
  );
}

function poolingModes(config: Json): string[] {
  if (config.pooling_mode !== undefined)
    return [config.pooling_mode].flat().map((mode) => (typeof mode === 'string' ? mode : typeof mode));
  return Object.entries(config)
    .filter(([key, isOn]) => key.startsWith('pooling_mode_') && isOn === true)
    .map(([key]) => key.slice('pooling_mode_'.length));
}
