import type { StartError } from '../../errors.ts';
import { checkFields, type FieldRules, refuseField } from './check-fields.ts';
import type { Json } from './read-json.ts';

const FILE = 'config.json';

const NAMES = { noEffect: 'it names or dates the model' };
const TRAINING = { noEffect: 'it concerns training' };
const OUTPUTS = { noEffect: 'it concerns what else transformers returns' };
const GENERATION = { noEffect: 'it concerns generating text' };
const TOKENS = { noEffect: 'tokens are what the tokenizer makes them' };

/** What old versions of transformers wrote of a class for all tasks into every config.json. */
const GENERATION_FIELDS = [
  'bad_words_ids',
  'begin_suppress_tokens',
  'cache_implementation',
  'decoder_start_token_id',
  'diversity_penalty',
  'do_sample',
  'early_stopping',
  'encoder_no_repeat_ngram_size',
  'exponential_decay_length_penalty',
  'forced_bos_token_id',
  'forced_eos_token_id',
  'length_penalty',
  'max_length',
  'min_length',
  'no_repeat_ngram_size',
  'num_beam_groups',
  'num_beams',
  'num_return_sequences',
  'output_scores',
  'remove_invalid_values',
  'repetition_penalty',
  'return_dict_in_generate',
  'suppress_tokens',
  'temperature',
  'top_k',
  'top_p',
  'typical_p',
  'use_cache',
];

/** Fields of a config.json of any architecture that no hidden state depends on, or that are off in all that are served. */
export const NO_EFFECT_FIELDS: FieldRules = {
  architectures: NAMES,
  _name_or_path: NAMES,
  name_or_path: NAMES,
  _commit_hash: NAMES,
  name: NAMES,
  language: NAMES,
  model_type: 'applied',
  transformers_version: NAMES,
  dtype: { noEffect: 'the precision is chosen by DTYPE' },
  torch_dtype: { noEffect: 'the precision is chosen by DTYPE' },
  initializer_range: TRAINING,
  gradient_checkpointing: TRAINING,
  hidden_dropout_prob: TRAINING,
  attention_probs_dropout_prob: TRAINING,
  classifier_dropout: TRAINING,
  finetuning_task: TRAINING,
  task_specific_params: GENERATION,
  prefix: GENERATION,
  tf_legacy_loss: TRAINING,
  use_bfloat16: TRAINING,
  xla_device: TRAINING,
  torchscript: OUTPUTS,
  output_past: OUTPUTS,
  output_hidden_states: OUTPUTS,
  output_attentions: OUTPUTS,
  return_dict: OUTPUTS,
  ...Object.fromEntries(GENERATION_FIELDS.map((field) => [field, GENERATION])),
  chunk_size_feed_forward: { noEffect: 'the same arithmetic in pieces' },
  is_decoder: { only: [false] },
  is_encoder_decoder: { only: [false] },
  add_cross_attention: { only: [false] },
  cross_attention_hidden_size: { only: [null] },
  pruned_heads: { only: [{}] },
  bos_token_id: TOKENS,
  eos_token_id: TOKENS,
  cls_token_id: TOKENS,
  sep_token_id: TOKENS,
  // Which class makes tokens of texts (tokenizer/choose-class.ts).
  tokenizer_class: 'applied',
  id2label: { noEffect: 'names of the numbers that a classifier gives' },
  label2id: { noEffect: 'names of the numbers that a classifier gives' },
  num_labels: 'applied',
  problem_type: { noEffect: 'it concerns the loss of a classifier' },
  tie_word_embeddings: { noEffect: 'the head of a language model is not computed' },
  // What a reranker makes of its number (formats/read-scoring.ts).
  sentence_transformers: 'applied',
  sbert_ce_default_activation_function: 'applied',
  // What vectors may be cut to (matryoshka.ts).
  is_matryoshka: 'applied',
  matryoshka_dimensions: 'applied',
  matryoshka_dims: 'applied',
  _attn_implementation_autoset: { noEffect: 'which program computes the same attention' },
  unsloth_fixed: NAMES,
  unsloth_version: NAMES,
};

const OWN_CLASSES =
  'classes of transformers alone: code of a repository may compute anything else, and does not run here';

/**
 * Reads the config.json of one architecture. A field that is in neither list may change the arithmetic, and a wrong
 * vector is worse than no start.
 */
export class ConfigReader {
  private readonly config: Json;

  /**
   * @param fields how each field of the architecture is treated, besides {@link NO_EFFECT_FIELDS}.
   * @throws {StartError} naming the first field that is unknown, or has a value that is not implemented; before all others
   * `auto_map`, whose code the others may be for.
   */
  constructor(config: Json, fields: FieldRules) {
    if (config.auto_map !== undefined && !Object.hasOwn(fields, 'auto_map')) {
      throw refuseField(FILE, 'auto_map', config.auto_map, OWN_CLASSES);
    }
    checkFields(FILE, config, { ...NO_EFFECT_FIELDS, ...fields });
    this.config = config;
  }

  /** @throws {StartError} for anything but an integer above 0; for its absence, unless there is a default. */
  count(field: string, otherwise?: number): number {
    const value = this.config[field] ?? otherwise;
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    throw this.refuse(field, 'a positive integer');
  }

  /** @throws {StartError} for anything but the id of a token; for its absence, unless there is a default. */
  tokenId(field: string, otherwise?: number): number {
    const value = this.config[field] ?? otherwise;
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
    throw this.refuse(field, 'only the id of a token');
  }

  /** @throws {StartError} for anything but a number above 0; for its absence, unless there is a default. */
  positive(field: string, otherwise?: number): number {
    const value = this.config[field] ?? otherwise;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.refuse(field, 'a positive number');
  }

  /** @throws {StartError} for anything but true and false. */
  flag(field: string, otherwise: boolean): boolean {
    const value = this.config[field] ?? otherwise;
    if (typeof value === 'boolean') return value;
    throw this.refuse(field, 'only true or false');
  }

  /**
   * What one of the words that `meanings` has stands for.
   * @throws {StartError} for another word.
   */
  choice<Meaning>(field: string, meanings: Readonly<Record<string, Meaning>>, otherwise?: string): Meaning {
    const value = this.config[field] ?? otherwise;
    const known = typeof value === 'string' && Object.hasOwn(meanings, value) ? meanings[value] : undefined;
    if (known !== undefined) return known;
    throw this.refuse(field, Object.keys(meanings).join(', '));
  }

  /** The field as it is. */
  raw(field: string): unknown {
    return this.config[field];
  }

  refuse(field: string, wanted: string): StartError {
    return refuseField(FILE, field, this.config[field], wanted);
  }
}
