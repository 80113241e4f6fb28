import path from 'node:path';
import { StartError } from '../errors.ts';
import type { Pooling } from './manifest.ts';
import type { Json, ReadJson } from './read-json.ts';

/** The stages of a sentence-transformers model, as modules.json lists them. */
export interface SentenceModules {
  /** Class names, without their packages: `Transformer`, `Pooling`, … */
  kinds: string[];
  /** Folder of each module, relative to the model's. */
  folders: string[];
}

/** sentence-transformers' names: those of `pooling_mode` since version 5.2, and of the `pooling_mode_*` flags before. */
const POOLING_NAMES: Record<string, Pooling> = {
  cls: 'cls',
  cls_token: 'cls',
  max: 'max',
  max_tokens: 'max',
  mean: 'mean',
  mean_tokens: 'mean',
  mean_sqrt_len_tokens: 'mean_sqrt_len',
  lasttoken: 'last_token',
};
const SUPPORTED_MODES = 'cls, max, mean, mean_sqrt_len and lasttoken';

/** @throws {StartError} for a modules.json that is no list of objects. */
export function checkModuleList(modules: unknown): asserts modules is { type?: unknown; path?: unknown }[] {
  if (Array.isArray(modules) && modules.every((entry) => typeof entry === 'object' && entry !== null)) return;
  throw new StartError('modules.json is not a list of modules. Copy or download the model again, or choose another.');
}

/** null where there is no modules.json. */
export async function readSentenceModules(read: ReadJson): Promise<SentenceModules | null> {
  const modules = await read('modules.json');
  if (modules === undefined) return null;
  checkModuleList(modules);
  return {
    kinds: modules.map(({ type }) => String(type).split('.').at(-1) as string),
    folders: modules.map((module) => String(module.path ?? '')),
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
  const implemented = ['Transformer', 'Pooling', ...between, 'Normalize'].join(', ');
  throw new StartError(`modules.json lists ${kinds.join(', ')}; hotvec implements ${implemented}, in this order.`);
}

/** @throws {StartError} for a pooling that is missing, or that hotvec does not implement, naming it. */
export async function readPooling(read: ReadJson, { folders }: SentenceModules): Promise<Pooling> {
  const file = path.posix.join(folders[1] || '1_Pooling', 'config.json');
  const config = (await read(file)) as Json | undefined;
  if (config === undefined) throw new StartError(`The model has no ${file}, so its pooling is unknown.`);
  if (config.include_prompt === false) {
    throw new StartError(
      `${file} sets include_prompt to false: hotvec does not leave a prompt's tokens out of pooling.`,
    );
  }
  const modes = poolingModes(config);
  const pooling = POOLING_NAMES[modes[0] ?? ''];
  if (modes.length === 1 && pooling !== undefined) return pooling;
  throw new StartError(
    `${file} sets ${modes.map((mode) => `pooling mode ${mode}`).join(' and ') || 'no pooling mode'}; hotvec implements one of ${SUPPORTED_MODES}.`,
  );
}

function poolingModes(config: Json): string[] {
  if (config.pooling_mode !== undefined) return [config.pooling_mode].flat().map(String);
  return Object.entries(config)
    .filter(([key, isOn]) => key.startsWith('pooling_mode_') && isOn === true)
    .map(([key]) => key.slice('pooling_mode_'.length));
}
