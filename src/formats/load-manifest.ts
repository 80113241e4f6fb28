import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '../errors.ts';
import { parseCanary } from '../model-files/canary.ts';
import type { PoolingSetting } from '../model-files/folder/choose-pooling.ts';
import { readMatryoshka } from '../model-files/folder/matryoshka.ts';
import { maxTokensOf } from '../model-files/folder/max-tokens.ts';
import { type Json, readJson } from '../model-files/folder/read-json.ts';
import { readSentenceFiles } from '../model-files/folder/sentence-files.ts';
import type { SentenceModules } from '../model-files/folder/sentence-modules.ts';
import { readTokenizer } from '../model-files/folder/tokenizer/read-tokenizer.ts';
import type { Dtype, ModelManifest } from '../model-files/manifest.ts';
import type { ModelFolder } from '../model-files/resolve-model.ts';
import { findOnnxExports } from './onnx/onnx-exports.ts';
import { describeOtherGraphs, onnxFileNames } from './onnx/onnx-file-names.ts';
import { describePaddedModel } from './onnx/padded-weights.ts';
import { isPackedDtype } from './qwen3/packed-dtypes.ts';
import { findPackedWeights } from './qwen3/packed-weights.ts';

const CANARY_FILE = 'hotvec-canary.json';
const SAFETENSORS_FILES = ['model.safetensors', 'model.safetensors.index.json'];

/**
 * Reads all that a model folder says about itself. Layout: that of a sentence-transformers repository, with safetensors
 * of the Qwen3 architecture (the packed path), or with ONNX graphs of any (the padded path).
 *
 * @param pooling what to do where the folder does not say.
 * @param dtype the one that is to be served: of a folder with safetensors and ONNX graphs it chooses which.
 * @param matryoshka sizes that its vectors may be cut to; empty: those that the folder says.
 * @throws {StartError} for a file that is missing or damaged, or a model hotvec does not implement, naming file and field.
 */
export async function loadManifest(
  { name, folder, revision = null, files }: ModelFolder,
  pooling: PoolingSetting = 'auto',
  dtype: Dtype | 'auto' = 'auto',
  matryoshka: readonly number[] = [],
): Promise<ModelManifest> {
  const has = (file: string) => files?.has(file) ?? existsSync(path.join(folder, file));
  const read = async (file: string) => (has(file) ? ((await readJson(folder, file)) as Json) : undefined);
  const { modules, transformer, sentence } = await readSentenceFiles(name, has, read);
  const config = await read('config.json');
  if (config === undefined) throw new StartError(`${name} has no config.json (looked in ${folder}).`);
  const [tokenizerConfig, canary] = await Promise.all([read('tokenizer_config.json'), read(CANARY_FILE)]);
  const isQwen3 = config.model_type === 'qwen3';
  const location = { name, folder, ...(files === undefined ? {} : { files }) };
  const described = await describeWeights(location, has, config, modules, { pooling, dtype });
  const truncates = (sentence.truncateDimension ?? described.hiddenSize) < described.hiddenSize;
  return {
    name,
    folder,
    revision,
    ...described,
    tokenizerFile: path.join(folder, 'tokenizer.json'),
    namedTokens: namedTokens(tokenizerConfig),
    tokenizer: await readTokenizer(read, transformer.lowercase),
    maxTokens: maxTokensOf({ config, tokenizerConfig, maxLength: transformer.maxLength }),
    // Where no modules.json says it, vectors are of length one, as clients of an OpenAI API expect.
    normalize: modules === null || modules.kinds.at(-1) === 'Normalize',
    prompts: sentence.prompts,
    defaultPrompt: sentence.defaultPrompt,
    truncateDimension: truncates ? sentence.truncateDimension : null,
    takesInstructions: isQwen3,
    ...readMatryoshka(config, described.hiddenSize, matryoshka),
    canary: canary === undefined ? null : parseCanary(canary, described.hiddenSize),
  };
}

async function describeWeights(
  location: ModelFolder,
  has: (file: string) => boolean,
  config: Json,
  modules: SentenceModules | null,
  { pooling, dtype }: { pooling: PoolingSetting; dtype: Dtype | 'auto' },
): Promise<Pick<ModelManifest, 'weights' | 'pooling' | 'hiddenSize' | 'vocabularySize'>> {
  const hasSafetensors = SAFETENSORS_FILES.some(has);
  // As for a model of a hub: a precision that the packed path lacks is that of a graph, where there is one.
  const isOnlyInGraph = dtype !== 'auto' && !isPackedDtype(dtype) && onnxFileNames(dtype).some(has);
  if (config.model_type === 'qwen3' && hasSafetensors && !isOnlyInGraph) {
    const weights = await findPackedWeights(location, has, config, modules, pooling);
    const { hiddenSize, vocabularySize } = weights.architecture;
    return { weights, pooling: 'last_token', hiddenSize, vocabularySize };
  }
  const exports = findOnnxExports(location.folder, has);
  if (Object.keys(exports).length === 0) throw noWeights(location, config.model_type, hasSafetensors);
  return describePaddedModel(location, config, exports, modules, pooling);
}

function noWeights({ name, folder, files }: ModelFolder, modelType: unknown, hasSafetensors: boolean): StartError {
  const others = describeOtherGraphs(files ?? filesIn(folder));
  if (!hasSafetensors && modelType === 'qwen3') {
    return new StartError(
      `${name} has neither model.safetensors nor onnx/model.onnx.${others} Download its weights to ${folder}.`,
    );
  }
  return new StartError(
    `config.json: model_type is ${JSON.stringify(modelType)}, and ${name} has no onnx/model.onnx.${others} From safetensors hotvec computes "qwen3" only; for other architectures take a repository with ONNX files (onnx-community and Xenova have many), or make them beside the files that are there: optimum-cli export onnx --model ${folder} --task feature-extraction ${path.join(folder, 'onnx')}.`,
  );
}

/** Where graphs may lie. */
function filesIn(folder: string): string[] {
  const within = (name: string) => (existsSync(path.join(folder, name)) ? readdirSync(path.join(folder, name)) : []);
  return [...within(''), ...within('onnx').map((file) => `onnx/${file}`)];
}

/** The tokens around a text of an encoder; a plain string, or one with flags. */
function namedTokens(tokenizerConfig: Json | undefined): string[] {
  return ['cls_token', 'sep_token'].flatMap((field) => {
    const token = tokenizerConfig?.[field];
    if (typeof token === 'string') return [token];
    const { content } = (token ?? {}) as Json;
    return typeof content === 'string' ? [content] : [];
  });
}
