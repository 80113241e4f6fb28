import { checkFields, type FieldRules, refuseField } from './check-fields.ts';
import { type Prompts, readPrompts } from './prompts.ts';
import type { Json, ReadJson } from './read-json.ts';

export interface SentenceConfig extends Prompts {
  /** Components that are left of a vector after all modules; null: all. */
  truncateDimension: number | null;
  /** The class that a reranker's scores go through; undefined or null: not said here. */
  activation?: unknown;
}

const FILE = 'config_sentence_transformers.json';
const MATRYOSHKA = { noEffect: 'it says what sizes vectors may be cut to, but cuts none' };

const FIELDS: FieldRules = {
  prompts: 'applied',
  default_prompt_name: 'applied',
  truncate_dim: 'applied',
  model_type: { only: ['SentenceTransformer', 'CrossEncoder', null] },
  // Read with the other ways in which folders say it (read-scoring.ts).
  activation_fn: 'applied',
  keep_in_fp32_modules: { noEffect: 'the precision is chosen by DTYPE' },
  // Which comparison of vectors the authors mean; a request to /v1/similarity says which it wants.
  similarity_fn_name: { only: ['cosine', 'dot', 'euclidean', 'manhattan', null] },
  __version__: { noEffect: 'versions of the tools that wrote the model' },
  requirements: { noEffect: 'versions of Python packages' },
  is_matryoshka: MATRYOSHKA,
  matryoshka_dimensions: MATRYOSHKA,
  matryoshka_dims: MATRYOSHKA,
};

/**
 * Reads config_sentence_transformers.json.
 * @throws {StartError} naming the field, for what hotvec does not do.
 */
export async function readSentenceConfig(read: ReadJson): Promise<SentenceConfig> {
  const config = (await read(FILE)) as Json | undefined;
  if (config === undefined) return { ...readPrompts(undefined), truncateDimension: null };
  checkFields(FILE, config, FIELDS);
  const dimension = config.truncate_dim ?? null;
  const { activation_fn: activation } = config;
  if (dimension === null) return { ...readPrompts(config), truncateDimension: null, activation };
  if (typeof dimension !== 'number' || !Number.isSafeInteger(dimension) || dimension < 1) {
    throw refuseField(FILE, 'truncate_dim', dimension, 'only positive integers, or null');
  }
  return { ...readPrompts(config), truncateDimension: dimension, activation };
}
