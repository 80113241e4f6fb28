import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StartError } from '../errors.ts';
import { parseCanary } from './canary.ts';
import type { ModelManifest } from './manifest.ts';
import { parseQwen3Config } from './qwen3-config.ts';
import type { ModelFolder } from './resolve-model.ts';
import { locateTensors } from './safetensors.ts';

/** Smallest Matryoshka dimension of the Qwen3-Embedding family (model card). */
const QWEN3_MATRYOSHKA_MINIMUM = 32;
const CANARY_FILE = 'hotvec-canary.json';
const SUPPORTED_POOLING = 'pooling_mode_lasttoken';

type Json = Record<string, unknown>;

/**
 * Reads all that a model folder says about itself. Layout: that of a sentence-transformers repository.
 * @throws {StartError} for a file that is missing or damaged, or a model hotvec does not implement, naming file and field.
 */
export async function loadManifest({ name, folder, revision = null }: ModelFolder): Promise<ModelManifest> {
  const required = async (file: string): Promise<Json> => {
    const json = await readJson(folder, file);
    if (json === undefined) throw new StartError(`${name} has no ${file} (looked in ${folder}).`);
    return json as Json;
  };
  const architecture = parseQwen3Config(await required('config.json'));
  const [tokenizerConfig, sentenceConfig, canary] = (await Promise.all([
    readJson(folder, 'tokenizer_config.json'),
    readJson(folder, 'config_sentence_transformers.json'),
    readJson(folder, CANARY_FILE),
  ])) as [Json | undefined, Json | undefined, unknown];
  const modules = await readModules(folder, name);
  const tokenizerFile = path.join(folder, 'tokenizer.json');
  // tokenizer_config says 131072 where the weights have 32768 positions: the smaller one holds.
  const tokenizerLimit = tokenizerConfig?.model_max_length;
  return {
    name,
    folder,
    revision,
    weights: { kind: 'packed', architecture, tensors: await locateTensors(folder) },
    tokenizerFile,
    hiddenSize: architecture.hiddenSize,
    maxTokens: Math.min(
      architecture.maxPositions,
      typeof tokenizerLimit === 'number' && tokenizerLimit >= 1 ? tokenizerLimit : Number.POSITIVE_INFINITY,
    ),
    vocabularySize: architecture.vocabularySize,
    pooling: 'last_token',
    normalize: modules.normalize,
    prompts: readPrompts(sentenceConfig?.prompts),
    matryoshkaMinimum: Math.min(QWEN3_MATRYOSHKA_MINIMUM, architecture.hiddenSize),
    canary: canary === undefined ? null : parseCanary(canary, architecture.hiddenSize),
  };
}

/** modules.json lists the stages after the tokenizer, in order. */
async function readModules(folder: string, name: string): Promise<{ normalize: boolean }> {
  const modules = (await readJson(folder, 'modules.json')) as { type?: string; path?: string }[] | undefined;
  if (!Array.isArray(modules)) {
    throw new StartError(
      `${name} has no modules.json, so its pooling is unknown. hotvec does not guess: add the file from the model's repository.`,
    );
  }
  const kinds = modules.map(({ type }) => String(type).split('.').at(-1));
  const [first, second, third, ...rest] = kinds;
  const isKnown = first === 'Transformer' && second === 'Pooling' && (third ?? 'Normalize') === 'Normalize';
  if (!isKnown || rest.length > 0) {
    throw new StartError(`modules.json lists ${kinds.join(', ')}; hotvec implements Transformer, Pooling, Normalize.`);
  }
  const poolingFile = path.posix.join(String(modules[1]?.path ?? '1_Pooling'), 'config.json');
  const pooling = (await readJson(folder, poolingFile)) as Json | undefined;
  if (pooling === undefined) throw new StartError(`${name} has no ${poolingFile}, so its pooling is unknown.`);
  const modes = Object.entries(pooling).filter(([key, on]) => key.startsWith('pooling_mode') && on === true);
  if (modes.length !== 1 || modes[0]?.[0] !== SUPPORTED_POOLING) {
    const found = modes.map(([key]) => key).join(', ') || 'no pooling mode';
    throw new StartError(`${poolingFile} sets ${found}; for this architecture hotvec implements ${SUPPORTED_POOLING}.`);
  }
  return { normalize: third === 'Normalize' };
}

function readPrompts(prompts: unknown): Record<string, string> {
  if (typeof prompts !== 'object' || prompts === null) return {};
  return Object.fromEntries(
    Object.entries(prompts).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** undefined when the file does not exist. */
async function readJson(folder: string, file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path.join(folder, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StartError(`${file} cannot be read: ${messageOf(error)}`);
  }
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json;
    throw new Error('neither an object nor a list');
  } catch {
    throw new StartError(`${file} is not a JSON object or list. Copy or download the model folder again: ${folder}`);
  }
}
