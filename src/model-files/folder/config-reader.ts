import type { StartError } from '../../errors.ts';
import { checkFields, type FieldRules, refuseField } from './check-fields.ts';
import type { Json } from './read-json.ts';

const FILE = 'config.json';

const NAMES = { noEffect: 'it names or dates the model' };
const TRAINING = { noEffect: 'it concerns training' };
const OUTPUTS = { noEffect: 'it concerns what else transformers returns' };
const TOKENS = { noEffect: 'tokens are what the tokenizer makes them' };

/** Fields of a config.json of any architecture that no hidden state depends on. */
export const NO_EFFECT_FIELDS: FieldRules = {
  architectures: NAMES,
  _name_or_path: NAMES,
  name_or_path: NAMES,
  model_type: 'applied',
  transformers_version: NAMES,
  dtype: { noEffect: 'the precision is chosen by DTYPE' },
  torch_dtype: { noEffect: 'the precision is chosen by DTYPE' },
  initializer_range: TRAINING,
  gradient_checkpointing: TRAINING,
  hidden_dropout_prob: TRAINING,
  attention_probs_dropout_prob: TRAINING,
  classifier_dropout: TRAINING,
  output_past: OUTPUTS,
  output_hidden_states: OUTPUTS,
  output_attentions: OUTPUTS,
  return_dict: OUTPUTS,
  use_cache: { noEffect: 'it concerns generating text' },
  bos_token_id: TOKENS,
  eos_token_id: TOKENS,
  cls_token_id: TOKENS,
  sep_token_id: TOKENS,
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

/**
 * Reads the config.json of one architecture. A field that is in neither list may change the arithmetic, and a wrong
 * vector is worse than no start.
 */
export class ConfigReader {
  private readonly config: Json;

  /**
   * @param fields how each field of the architecture is treated, besides {@link NO_EFFECT_FIELDS}.
   * @throws {StartError} naming the first field that is unknown, or has a value that is not implemented.
   */
  constructor(config: Json, fields: FieldRules) {
    checkFields(FILE, config, { ...NO_EFFECT_FIELDS, ...fields });
    this.config = config;
  }

  /** @throws {StartError} for anything but an integer above 0; for its absence, unless there is a default. */
  count(field: string, otherwise?: number): number {
    const value = this.config[field] ?? otherwise;
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    throw this.refuse(field, 'a positive integer');
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
