import { StartError } from '../../errors.ts';
import { checkFields, type FieldRules, refuseField } from '../../model-files/folder/check-fields.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import type { Json } from '../../model-files/folder/read-json.ts';
import { readSentenceConfig } from '../../model-files/folder/sentence-config.ts';
import { AS_IT_IS } from '../../model-files/folder/tokenizer/describe-tokenizer.ts';
import {
  idsOfTokens,
  type TokenizerJson,
  tokenizerPartsOf,
  tokensOf,
} from '../../model-files/folder/tokenizer/tokenizer-parts.ts';
import type { OwnReading } from '../model-format.ts';
import { type StaticWeights, vocabularySizeOf } from './static-weights.ts';

// What model2vec 0.10.0 (model.py) and sentence-transformers 5.7 and 6.2 (static_embedding.py) do to a text. Both read its
// tokens with the tokenizers library, by tokenizer.json alone and without special tokens, and average their vectors.

/** Nothing limits a text. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
/** Tokens that model2vec's encode() reads of a text where config.json does not say it: all versions before 0.10. */
const MODEL2VEC_LIMIT = 512;

const DISTILLATION = { noEffect: 'how the table was made' };
const SAID_BY_WEIGHTS = { noEffect: 'the tensors of model.safetensors say it' };

/** config.json of model2vec. */
const FIELDS: FieldRules = {
  model_type: { only: ['model2vec'] },
  architectures: { only: [['StaticModel']] },
  normalize: { only: [true, false, null] },
  max_length: 'applied',
  embedding_dtype: SAID_BY_WEIGHTS,
  hidden_dim: SAID_BY_WEIGHTS,
  vocabulary_quantization: SAID_BY_WEIGHTS,
  tokenizer_name: DISTILLATION,
  apply_pca: DISTILLATION,
  apply_zipf: DISTILLATION,
  sif_coefficient: DISTILLATION,
  pooling: DISTILLATION,
  seq_length: { noEffect: 'no version of model2vec reads it' },
  // What vectors may be cut to (matryoshka.ts).
  is_matryoshka: 'applied',
  matryoshka_dimensions: 'applied',
  matryoshka_dims: 'applied',
};

export interface StaticFolder {
  files: ModelFiles;
  /** That of the StaticEmbedding module, relative to the model's. */
  folder: string;
  /** config.json beside modules.json. */
  config: Json;
  /** Whether the module Normalize is the last. */
  isNormalizing: boolean;
  weights: StaticWeights;
}

/**
 * How the tool that wrote a folder reads texts. Both can load what the other wrote, but leave out other tokens and limit texts
 * otherwise: a config.json beside model2vec's own tensor says that it is model2vec's (docs/models.md).
 *
 * @throws {StartError} for what neither of them or hotvec does, naming file and field.
 */
export async function readTextRules(folder: StaticFolder): Promise<OwnReading> {
  const { files, weights } = folder;
  const file = tokenizerFileOf(folder);
  const tokenizer = (await files.readJson(file)) as Json | undefined;
  if (tokenizer === undefined) throw new StartError(`${files.name} has no ${file}, which its table belongs to.`);
  const { dropout } = (tokenizer.model ?? {}) as Json;
  if (typeof dropout === 'number' && dropout > 0) {
    throw new StartError(`${file} sets dropout to ${dropout}, which makes token ids random. Set it to null.`);
  }
  const common = {
    tokenizerFile: await files.locate(file),
    tokenizer: { ...AS_IT_IS, changes: { post_processor: null } },
    namedTokens: [],
  };
  const isOfModel2vec = weights.tableName === 'embeddings' && folder.folder === '' && files.has('config.json');
  return {
    ...common,
    ...(isOfModel2vec ? await byModel2vec(folder, tokenizer) : bySentenceTransformers(folder, tokenizer)),
  };
}

/** Where a static model's tokenizer.json is, relative to the model's folder. */
export function tokenizerFileOf({ folder }: Pick<StaticFolder, 'folder'>): string {
  return folder === '' ? 'tokenizer.json' : `${folder}/tokenizer.json`;
}

type Rules = Pick<OwnReading, 'maxTokens' | 'normalize' | 'textRules'>;

/** The whole text as it is, unless tokenizer.json was saved with a limit, which nobody lifts. */
function bySentenceTransformers({ folder, isNormalizing, weights }: StaticFolder, tokenizer: Json): Rules {
  const file = tokenizerFileOf({ folder });
  if (weights.table.dtype === 'I8' && weights.weights === null) {
    throw new StartError(
      `The table of ${file.replace('tokenizer.json', 'model.safetensors')} is int8, which only model2vec averages: its config.json is missing. Copy or download the whole folder.`,
    );
  }
  const truncation = tokenizer.truncation as Json | null | undefined;
  const direction = truncation?.direction ?? 'Right';
  if (direction !== 'Right') throw refuseField(file, 'truncation.direction', direction, 'only "Right"');
  return {
    maxTokens: limitOf(file, 'truncation.max_length', truncation?.max_length ?? null),
    normalize: isNormalizing,
    textRules: { source: 'sentence-transformers', leftOut: null, maxCharacters: null },
  };
}

/** First a text is cut by characters, then by tokens; then what is unknown is left out. */
async function byModel2vec({ files, config, weights }: StaticFolder, tokenizer: Json): Promise<Rules> {
  checkFields('config.json', config, FIELDS);
  const { defaultPrompt, truncateDimension } = await readSentenceConfig((name) => files.readJson(name));
  if (defaultPrompt !== '' || truncateDimension !== null) {
    throw new StartError(
      `config_sentence_transformers.json sets ${defaultPrompt === '' ? 'truncate_dim' : 'default_prompt_name'}, but config.json says that this is a folder of model2vec, which does not read it. Remove the field, or config.json in a copy of the folder if sentence-transformers is right.`,
    );
  }
  const json = tokenizerPartsOf(tokenizer);
  const tokens = tokensOf(json, tokenizer);
  const count = vocabularySizeOf(weights);
  if (weights.mapping === null && count !== tokens.length) {
    throw new StartError(
      `tokenizer.json has ${tokens.length} tokens, but the table ${count} rows: model2vec does not load such a folder. Copy or download it again.`,
    );
  }
  const { max_length: limit = MODEL2VEC_LIMIT } = config;
  const maxTokens = limitOf('config.json', 'max_length', limit);
  const maxCharacters = maxTokens === NO_LIMIT ? null : maxTokens * medianLength(tokens);
  return {
    maxTokens,
    normalize: config.normalize === true,
    textRules: { source: 'model2vec', leftOut: unknownTokenOf(json), maxCharacters },
  };
}

function limitOf(file: string, field: string, value: unknown): number {
  if (value === null) return NO_LIMIT;
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  throw refuseField(file, field, value, 'only positive integers, or null');
}

/** The id that stands for what a vocabulary lacks; null: there is none. */
function unknownTokenOf(json: TokenizerJson): number | null {
  const { model, added_tokens: added } = json.parts;
  if (model.type === 'Unigram') return typeof model.unk_id === 'number' ? model.unk_id : null;
  const { unk_token: token } = model;
  return typeof token === 'string' ? (idsOfTokens(json, added)(token) ?? null) : null;
}

/** Of tokens in characters, rounded down. */
function medianLength(tokens: readonly string[]): number {
  const lengths = tokens.map((token) => [...token].length).sort((a, b) => a - b);
  const middle = Math.floor(lengths.length / 2);
  const upper = lengths[middle] as number;
  return lengths.length % 2 === 1 ? upper : Math.floor((upper + (lengths[middle - 1] as number)) / 2);
}
