import { StartError } from '../errors.ts';
import type { ModelFiles } from '../model-files/folder/model-files.ts';
import { checkSingleLabel, isClassifier } from '../model-files/folder/model-kind.ts';
import type { Json } from '../model-files/folder/read-json.ts';
import { readSentenceFiles, type SentenceFiles } from '../model-files/folder/sentence-files.ts';
import { readTokenizer, type TokenizerDescription } from '../model-files/folder/tokenizer/describe-tokenizer.ts';
import { TRANSFORMER_CONFIG_FILES } from '../model-files/folder/transformer-config.ts';
import type { Dtype } from '../model-files/manifest.ts';
import { FORMATS } from './formats.ts';
import type { FolderFacts, ModelFormat, Recognition } from './model-format.ts';

export const CANARY_FILE = 'hotvec-canary.json';

/** The files that describe a model of any format: enough to know whether hotvec can serve it, and which weights. */
const SMALL_FILES = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'modules.json',
  ...TRANSFORMER_CONFIG_FILES,
  'config_sentence_transformers.json',
  CANARY_FILE,
];

/** What a reranker may be asked in, besides tokenizer_config.json. */
const CHAT_TEMPLATE_FILES = ['chat_template.jinja', 'chat_template.json'];

export interface RecognizedModel extends FolderFacts {
  format: ModelFormat;
  sentence: SentenceFiles;
  tokenizer: TokenizerDescription;
  /** The precisions that the file names promise, of all formats. */
  dtypes: readonly Dtype[];
}

/**
 * Finds out which format a model is of: the one decision that both a download and a start rest on. Reads small files only.
 * @param dtype the precision asked for: of several formats in a folder it chooses which.
 * @throws {StartError} saying what the model is, if none that hotvec serves, or naming file and field.
 */
export async function recognizeModel(files: ModelFiles, dtype: Dtype | 'auto'): Promise<RecognizedModel> {
  // Before files are missed that only models for these tasks have.
  const sentence = await readSentenceFiles(files);
  if (!files.has('config.json')) {
    throw new StartError(
      `${files.name} has no config.json and cannot be served. Check MODEL; hotvec serves text-embedding models and rerankers with safetensors or ONNX weights.`,
    );
  }
  if (!files.has('tokenizer.json')) {
    throw new StartError(
      `${files.name} has no tokenizer.json and cannot be served. Check MODEL, or make the file with transformers: AutoTokenizer.from_pretrained(MODEL, use_fast=True).save_pretrained(FOLDER).`,
    );
  }
  const config = (await files.readJson('config.json')) as Json;
  // Before its weights are fetched.
  if (sentence.task === 'rerank' && isClassifier(config)) checkSingleLabel(files.name, config);
  const tokenizer = await readTokenizer((file) => files.readJson(file), sentence.transformer.lowercase);
  const answers = Object.values<ModelFormat>(FORMATS).map((format) => ({
    format,
    answer: format.recognize(files, config),
  }));
  const own = answers.flatMap(({ format, answer }) => (answer.isOwn ? [{ format, dtypes: answer.dtypes }] : []));
  const chosen = own.find(({ dtypes }) => dtype === 'auto' || dtypes.includes(dtype)) ?? own[0];
  if (chosen === undefined) throw notRecognized(files.name, answers);
  const dtypes = [...new Set(own.flatMap((one) => one.dtypes))];
  return { format: chosen.format, config, modules: sentence.modules, sentence, tokenizer, dtypes };
}

function notRecognized(name: string, answers: readonly { answer: Recognition }[]): StartError {
  const reasons = answers.map(({ answer }) => (answer.isOwn ? '' : answer.reason));
  return new StartError(`${name} has no weights that hotvec can serve. ${reasons.join(' ')}`);
}

/**
 * All files that serving a model in `dtype` reads, and nothing for other frameworks, devices or precisions.
 * @returns their names, and whether more of the repository could lead to others: another precision may be better.
 * @throws {StartError} what {@link recognizeModel} throws; for what is not implemented or missing, before large files
 * are fetched.
 */
export async function chooseFiles(
  files: ModelFiles,
  dtype: Dtype | 'auto',
): Promise<{ chosen: string[]; isGuess: boolean }> {
  const model = await recognizeModel(files, dtype);
  const { format, dtypes } = model;
  if (dtype !== 'auto' && !dtypes.includes(dtype)) {
    throw new StartError(`${files.name} has no ${dtype} weights. Set DTYPE to one that it has: ${dtypes.join(', ')}.`);
  }
  const small = SMALL_FILES.filter((file) => files.has(file));
  const ofModules = (model.modules?.folders ?? [])
    .filter((folder) => folder !== '')
    .map((folder) => `${folder}/config.json`)
    .filter((file) => files.has(file));
  const templates = model.sentence.task === 'embed' ? [] : CHAT_TEMPLATE_FILES.filter((file) => files.has(file));
  const own = await format.chooseFiles(files, model, dtype);
  return {
    chosen: [...new Set([...small, ...templates, ...ofModules, ...own])],
    isGuess: dtype === 'auto' && format.hasFilesForEachDtype,
  };
}
