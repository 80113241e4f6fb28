import { StartError } from '../errors.ts';
import type { ModelFiles } from '../model-files/folder/model-files.ts';
import { checkSingleLabel, isClassifier } from '../model-files/folder/model-kind.ts';
import type { Json } from '../model-files/folder/read-json.ts';
import { hasSafetensors } from '../model-files/folder/safetensors.ts';
import { readSentenceFiles, type SentenceFiles } from '../model-files/folder/sentence-files.ts';
import {
  AS_IT_IS,
  readTokenizer,
  type TokenizerDescription,
} from '../model-files/folder/tokenizer/describe-tokenizer.ts';
import { TRANSFORMER_CONFIG_FILES } from '../model-files/folder/transformer-config.ts';
import { type LeftAside, SAFETENSORS_DTYPES, type WeightChoice, type WeightKind } from '../model-files/manifest.ts';
import { type ChosenFormat, chooseFormat } from './choose-format.ts';
import type { FolderFacts } from './model-format.ts';

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

export interface RecognizedModel extends FolderFacts, ChosenFormat {
  sentence: SentenceFiles;
  tokenizer: TokenizerDescription;
}

/**
 * Finds out which format a model is of: the one decision that both a download and a start rest on. Reads small files only.
 * @param choice of several formats in a folder it chooses which.
 * @throws {StartError} saying what the model is, if none that hotvec serves, or naming file and field.
 */
export async function recognizeModel(files: ModelFiles, choice: WeightChoice): Promise<RecognizedModel> {
  // Before files are missed that only models for these tasks have.
  const sentence = await readSentenceFiles(files);
  const config = ((await files.readJson('config.json')) ?? {}) as Json;
  const facts: FolderFacts = { config, modules: sentence.modules, task: sentence.task };
  const chosen = await chooseFormat(files, facts, choice);
  const isReadByFormat = !(chosen instanceof StartError) && chosen.format.textsAreReadBy === 'format';
  if (!isReadByFormat) checkIsComplete(files, facts);
  // Files that are missing say more of a folder, and what its tokenizer lacks says less.
  if (chosen instanceof StartError) throw chosen;
  const tokenizer = isReadByFormat
    ? AS_IT_IS
    : await readTokenizer((file) => files.readJson(file), sentence.transformer.lowercase);
  return { ...chosen, ...facts, sentence, tokenizer };
}

/** @throws {StartError} for a file that is missing; for a classifier that is no reranker. */
function checkIsComplete(files: ModelFiles, { config, modules, task }: FolderFacts): void {
  if (!files.has('config.json')) {
    const listed = modules === null ? '' : ` (modules.json lists ${modules.kinds.join(', ')})`;
    throw new StartError(
      `${files.name} has no config.json${listed} and cannot be served. Check MODEL; hotvec serves text-embedding models and rerankers with safetensors or ONNX weights.`,
    );
  }
  if (!files.has('tokenizer.json')) {
    throw new StartError(
      `${files.name} has no tokenizer.json and cannot be served. Check MODEL, or make the file with transformers: AutoTokenizer.from_pretrained(MODEL, use_fast=True).save_pretrained(FOLDER).`,
    );
  }
  // Before its weights are fetched.
  if (task === 'rerank' && isClassifier(config)) checkSingleLabel(files.name, config);
}

export interface ChosenFiles {
  /** Their names. */
  chosen: string[];
  weights: WeightKind;
  leftAside: LeftAside | null;
  /** Whether more of the repository could lead to others: another precision, or other weights, may be better. */
  isGuess: boolean;
}

/**
 * All files that serving a model as it is chosen reads, and nothing for other frameworks, devices, precisions or weights.
 * @throws {StartError} what {@link recognizeModel} throws; for what is not implemented or missing, before large files
 * are fetched.
 */
export async function chooseFiles(files: ModelFiles, choice: WeightChoice): Promise<ChosenFiles> {
  const { dtype } = choice;
  const model = await recognizeModel(files, choice);
  const { format, dtypes, leftAside } = model;
  if (dtype !== 'auto' && !dtypes.includes(dtype)) {
    const remedy = leftAside?.dtypes.includes(dtype) ? ', or unset WEIGHTS' : '';
    throw new StartError(
      `${files.name} has no ${dtype} weights. Set DTYPE to one that it has: ${dtypes.join(', ')}${remedy}.`,
    );
  }
  const small = SMALL_FILES.filter((file) => files.has(file));
  const ofModules = (model.modules?.folders ?? [])
    .filter((folder) => folder !== '')
    .map((folder) => `${folder}/config.json`)
    .filter((file) => files.has(file));
  const templates = model.task === 'embed' ? [] : CHAT_TEMPLATE_FILES.filter((file) => files.has(file));
  const own = await format.chooseFiles(files, model, dtype);
  return {
    chosen: [...new Set([...small, ...templates, ...ofModules, ...own])],
    weights: format.weightKind,
    leftAside,
    isGuess: (dtype === 'auto' && format.hasFilesForEachDtype) || mayHaveSafetensors(files, model, choice),
  };
}

/** Whether an export was chosen only because there are no safetensors, which would have been taken. */
function mayHaveSafetensors(files: ModelFiles, { format }: RecognizedModel, { weights, dtype }: WeightChoice): boolean {
  if (weights !== 'auto' || format.weightKind === 'safetensors' || hasSafetensors(files)) return false;
  return dtype === 'auto' || SAFETENSORS_DTYPES.includes(dtype);
}
