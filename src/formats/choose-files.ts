import { posix } from 'node:path';
import { StartError } from '../errors.ts';
import type { ReadJson } from '../model-files/folder/read-json.ts';
import { readSentenceFiles, type SentenceFiles } from '../model-files/folder/sentence-files.ts';
import { checkModules, readPooling, type SentenceModules } from '../model-files/folder/sentence-modules.ts';
import { readTokenizer } from '../model-files/folder/tokenizer/read-tokenizer.ts';
import { TRANSFORMER_CONFIG_FILES } from '../model-files/folder/transformer-config.ts';
import type { Dtype } from '../model-files/manifest.ts';
import type { OnnxFacts } from './onnx/onnx-facts.ts';
import { describeOtherGraphs } from './onnx/onnx-file-names.ts';
import { findOnnxExports } from './onnx/repository-exports.ts';
import { isPackedDtype, PACKED_DTYPES } from './qwen3/packed-dtypes.ts';
import { readPackedPooling } from './qwen3/packed-weights.ts';
import { parseQwen3Config } from './qwen3/qwen3-config.ts';

/** What is fetched before anything else: enough to know whether hotvec can serve the model, and which weights. */
const ALWAYS = ['config.json', 'tokenizer.json'];
const IF_PRESENT = [
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'modules.json',
  ...TRANSFORMER_CONFIG_FILES,
  'config_sentence_transformers.json',
  'hotvec-canary.json',
];
const INDEX = 'model.safetensors.index.json';
const SINGLE = 'model.safetensors';

/** What a choice is made from. */
export interface Repository {
  name: string;
  paths: ReadonlySet<string>;
  /** A JSON file of it, fetched if need be. */
  readJson: (path: string) => Promise<unknown>;
  /** What an ONNX graph of it says, fetched if need be; its data files are not. */
  readGraph: (path: string) => Promise<OnnxFacts>;
}

/**
 * The small files of a model.
 * @throws {StartError} when one is missing without which there is no serving.
 */
export function chooseSmallFiles({ name, paths }: Repository): string[] {
  for (const file of ALWAYS) {
    if (!paths.has(file)) {
      throw new StartError(
        `${name} has no ${file}: not a model that hotvec can serve. Check MODEL; hotvec serves text-embedding models with safetensors (Qwen3) or ONNX weights.`,
      );
    }
  }
  return [...ALWAYS, ...IF_PRESENT.filter((file) => paths.has(file))];
}

/**
 * Refuses what the small files show that hotvec cannot serve, whatever the weights.
 * @throws {StartError} saying what the model is, or naming file and field.
 */
export async function checkRepository(repository: Repository): Promise<SentenceFiles> {
  const read = reader(repository);
  const files = await readSentenceFiles(repository.name, (file) => repository.paths.has(file), read);
  await readTokenizer(read, files.transformer.lowercase);
  return files;
}

/**
 * All files that serving needs, the small ones included: weights of one precision and the modules behind them, nothing
 * for other frameworks, devices or precisions.
 *
 * @throws {StartError} for an architecture or a precision that cannot be had, listing those that can.
 */
export async function chooseFiles(repository: Repository, dtype: Dtype | 'auto'): Promise<string[]> {
  const { modules } = await checkRepository(repository);
  const small = chooseSmallFiles(repository);
  const config = (await repository.readJson('config.json')) as Record<string, unknown>;
  const weights = await weightFiles(repository, config, modules, dtype);
  return [...small, ...moduleFiles(modules, repository.paths), ...weights];
}

/** Pooling, Dense and Normalize lie in folders that modules.json names; only Dense has weights. */
function moduleFiles(modules: SentenceModules | null, paths: ReadonlySet<string>): string[] {
  return (modules?.folders ?? []).flatMap((folder, i) => {
    if (folder === '') return [];
    const names = modules?.kinds[i] === 'Dense' ? ['config.json', SINGLE] : ['config.json'];
    return names.map((name) => `${folder}/${name}`).filter((file) => paths.has(file));
  });
}

async function weightFiles(
  repository: Repository,
  config: Record<string, unknown>,
  modules: SentenceModules | null,
  dtype: Dtype | 'auto',
): Promise<string[]> {
  const { name, paths, readJson } = repository;
  const hasSafetensors = paths.has(SINGLE) || paths.has(INDEX);
  const isPacked = config.model_type === 'qwen3' && hasSafetensors;
  if (isPacked && isPackedDtype(dtype)) {
    // Refuses what hotvec does not implement, before gigabytes are on their way.
    parseQwen3Config(config);
    if (modules !== null) await readPackedPooling(name, modules, reader(repository));
    return paths.has(SINGLE) ? [SINGLE] : [INDEX, ...shardsOf(await readJson(INDEX), name, paths)];
  }
  const exports = findOnnxExports(name, config, paths);
  const chosen = dtype === 'auto' ? [...exports.keys()][0] : dtype;
  const files = chosen === undefined ? undefined : exports.get(chosen);
  if (files !== undefined)
    return [...new Set([...files, ...(await graphData(repository, modules, files[0] as string))])];
  const offered = [...new Set([...(isPacked ? PACKED_DTYPES : []), ...exports.keys()])];
  if (offered.length > 0) {
    throw new StartError(`${name} has no ${dtype} weights. Set DTYPE to one it has: ${offered.join(', ')}.`);
  }
  const type = JSON.stringify(config.model_type);
  throw new StartError(
    `${name} has no ONNX export that hotvec knows, and hotvec computes models of type ${type} from ONNX only.${describeOtherGraphs(paths)} Choose a repository with one, for example of onnx-community, or make one: hf download ${name} --local-dir FOLDER, then optimum-cli export onnx --model FOLDER --task feature-extraction FOLDER/onnx, and MODEL=FOLDER.`,
  );
}

/**
 * Data files of a graph, as it names them itself.
 * @throws {StartError} for modules or a pooling around the graph that hotvec does not implement, and for missing data.
 */
async function graphData(repository: Repository, modules: SentenceModules | null, graph: string): Promise<string[]> {
  const { name, paths, readGraph } = repository;
  const { outputs, dataLocations } = await readGraph(graph);
  // A graph that gives the embedding itself needs no modules: whatever they say.
  if (!outputs.has('sentence_embedding') && modules !== null) {
    checkModules(modules, ['Dense']);
    await readPooling(reader(repository), modules);
  }
  const files = [...dataLocations].map((location) => posix.join(posix.dirname(graph), location));
  const missing = files.find((file) => !paths.has(file));
  if (missing === undefined) return files;
  throw new StartError(
    `${name}: ${graph} keeps its weights in ${missing}, which the repository does not have. Choose another DTYPE or revision.`,
  );
}

function reader({ paths, readJson }: Repository): ReadJson {
  return async (file) => (paths.has(file) ? readJson(file) : undefined);
}

function shardsOf(index: unknown, name: string, paths: ReadonlySet<string>): string[] {
  const shards = [...new Set(Object.values((index as { weight_map?: Record<string, string> }).weight_map ?? {}))];
  const missing = shards.find((shard) => !paths.has(shard));
  if (shards.length > 0 && missing === undefined) return shards;
  throw new StartError(
    `${name}: ${INDEX} names ${missing ?? 'no file'}, which the repository does not have. Choose another revision.`,
  );
}
