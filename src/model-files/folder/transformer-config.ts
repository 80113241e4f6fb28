import { checkFields, type FieldRules, objectField, refuseField } from './check-fields.ts';
import type { Json, ReadJson } from './read-json.ts';

/**
 * Where sentence-transformers looks for the configuration of its Transformer module, in this order: the name of today,
 * and those of its first versions. One that is `{}` is passed over.
 */
export const TRANSFORMER_CONFIG_FILES = [
  'sentence_bert_config.json',
  'sentence_roberta_config.json',
  'sentence_distilbert_config.json',
  'sentence_camembert_config.json',
  'sentence_albert_config.json',
  'sentence_xlm-roberta_config.json',
  'sentence_xlnet_config.json',
];

/** What sentence-transformers does to a text before the weights see it, as far as no other file says it. */
export interface TransformerConfig {
  /** The limit in tokens that it sets instead of tokenizer_config.json's; null: none. */
  maxLength: number | null;
  /** Whether texts are put into lower case before the tokenizer sees them. */
  lowercase: boolean;
  /** What a chat template is rendered with, besides messages. */
  templateVariables: Readonly<Record<string, unknown>>;
}

const LOADING = { noEffect: 'how files are found and read' };
const PADDING = { noEffect: 'padding is masked, and hotvec lays out batches itself' };
const NO_TEXT = { noEffect: 'it concerns inputs other than plain text' };

const FIELDS: FieldRules = {
  max_seq_length: 'applied',
  do_lower_case: 'applied',
  modality_config: 'applied',
  processing_kwargs: 'applied',
  model_args: 'applied',
  model_kwargs: 'applied',
  tokenizer_args: 'applied',
  processor_kwargs: 'applied',
  config_args: 'applied',
  config_kwargs: 'applied',
  transformer_task: { only: ['feature-extraction'] },
  module_output_name: { only: ['token_embeddings'] },
  unpad_inputs: PADDING,
  // Limits of their own for queries and documents, and tokens added to queries: of multi-vector models.
  query_length: { only: [null] },
  document_length: { only: [null] },
  query_expansion: { only: [null] },
  tokenizer_name_or_path: { only: [null] },
};

/** A reranker's module gives numbers instead of hidden states. */
const RERANKING_FIELDS: FieldRules = {
  ...FIELDS,
  transformer_task: { only: ['text-generation', 'sequence-classification'] },
  module_output_name: { only: ['causal_logits', 'scores'] },
};

/** Arguments of the classes of transformers that are the same for model, tokenizer and config. */
const COMMON_ARGUMENTS: FieldRules = {
  trust_remote_code: LOADING,
  cache_dir: LOADING,
  local_files_only: LOADING,
  revision: LOADING,
  token: LOADING,
};
const PRECISION = { noEffect: 'the precision is chosen by DTYPE' };
const KERNEL = { noEffect: 'which implementation computes the same attention' };
const MODEL_ARGUMENTS: FieldRules = {
  ...COMMON_ARGUMENTS,
  dtype: PRECISION,
  torch_dtype: PRECISION,
  attn_implementation: KERNEL,
  add_pooling_layer: { noEffect: 'that layer comes after the hidden states' },
  low_cpu_mem_usage: LOADING,
  device_map: LOADING,
  use_safetensors: LOADING,
};
const TOKENIZER_ARGUMENTS: FieldRules = {
  ...COMMON_ARGUMENTS,
  model_max_length: 'applied',
  use_fast: LOADING,
  padding_side: PADDING,
  truncation_side: { only: ['right'] },
  clean_up_tokenization_spaces: { noEffect: 'it concerns turning tokens into text' },
};
const CONFIG_ARGUMENTS: FieldRules = {
  ...COMMON_ARGUMENTS,
  dtype: PRECISION,
  torch_dtype: PRECISION,
  attn_implementation: KERNEL,
  use_memory_efficient_attention: KERNEL,
  unpad_inputs: PADDING,
  use_cache: { noEffect: 'it concerns generating text' },
};
/** Arguments of the call of the tokenizer. */
const TEXT_ARGUMENTS: FieldRules = {
  max_length: 'applied',
  add_special_tokens: { only: [true, null] },
  padding: PADDING,
  padding_side: PADDING,
  pad_to_multiple_of: PADDING,
  truncation: { noEffect: 'inputs that are too long are refused, or truncated on request' },
  return_tensors: LOADING,
};
const PROCESSING: FieldRules = {
  text: 'applied',
  common: 'applied',
  audio: NO_TEXT,
  image: NO_TEXT,
  video: NO_TEXT,
  // Without effect where no text goes through one: of models that embed.
  chat_template: 'applied',
};
const TEXT_MODALITY: FieldRules = {
  method: { only: ['forward'] },
  method_output_name: { only: ['last_hidden_state', ['last_hidden_state']] },
};
const RERANKING_MODALITY: FieldRules = {
  method: { only: ['forward'] },
  method_output_name: { only: ['logits', ['logits']] },
  // Whether a template gets the words of a message, or a list of its parts: both are tried (chat-template.ts).
  format: { only: ['flat', 'structured'] },
};
/** Options of rendering a chat template. */
const TEMPLATE_ARGUMENTS: FieldRules = {
  add_generation_prompt: 'applied',
  enable_thinking: 'applied',
  restore_suffix: { only: [true] },
};

/**
 * Reads the configuration of the Transformer module.
 * @param isReranker whether the folder is one, by its other files.
 * @throws {StartError} naming file and field, for what hotvec does not do.
 */
export async function readTransformerConfig(read: ReadJson, isReranker: boolean): Promise<TransformerConfig> {
  for (const file of TRANSFORMER_CONFIG_FILES) {
    const config = (await read(file)) as Json | undefined;
    if (config !== undefined && Object.keys(config).length > 0) return parse(file, config, isReranker);
  }
  return { maxLength: null, lowercase: false, templateVariables: {} };
}

function parse(file: string, config: Json, isReranker: boolean): TransformerConfig {
  checkFields(file, config, isReranker ? RERANKING_FIELDS : FIELDS);
  const { max_seq_length: maxLength, do_lower_case: lowercase } = config;
  if (typeof (lowercase ?? false) !== 'boolean')
    throw refuseField(file, 'do_lower_case', lowercase, 'only true or false');
  checkModalities(file, config, isReranker);
  checkArguments(file, config, ['model_args', 'model_kwargs'], MODEL_ARGUMENTS);
  checkArguments(file, config, ['config_args', 'config_kwargs'], CONFIG_ARGUMENTS);
  const tokenizerArguments = checkArguments(file, config, ['tokenizer_args', 'processor_kwargs'], TOKENIZER_ARGUMENTS);
  const processing = objectField(file, config, 'processing_kwargs');
  checkFields(`${file}: processing_kwargs`, processing, PROCESSING);
  const textArguments = ['text', 'common'].map((field) => {
    const inside = `${file}: processing_kwargs`;
    const found = objectField(inside, processing, field);
    checkFields(`${inside}.${field}`, found, TEXT_ARGUMENTS);
    return found;
  });
  const maxLengths = [
    ...textArguments.map((found) => found.max_length),
    ...tokenizerArguments.map((found) => found.model_max_length),
    maxLength,
  ].filter((length) => length !== undefined && length !== null);
  const odd = maxLengths.find((length) => typeof length !== 'number' || !(length >= 1));
  if (odd !== undefined) throw refuseField(file, 'a length limit', odd, 'only token counts of 1 or more');
  // As sentence-transformers: what a call of the tokenizer says, else what its loading says, else max_seq_length.
  const templateVariables = isReranker ? objectField(file, processing, 'chat_template') : {};
  checkFields(`${file}: processing_kwargs.chat_template`, templateVariables, TEMPLATE_ARGUMENTS);
  return { maxLength: (maxLengths[0] as number | undefined) ?? null, lowercase: lowercase === true, templateVariables };
}

function checkModalities(file: string, config: Json, isReranker: boolean): void {
  if (config.modality_config === undefined) return;
  const modalities = objectField(file, config, 'modality_config');
  const inside = `${file}: modality_config`;
  for (const [modality, value] of Object.entries(modalities)) {
    // With it sentence-transformers puts every text into the chat template of the model.
    const isKnown = modality === 'text' || (modality === 'message' && isReranker);
    if (!isKnown) throw refuseField(inside, modality, value, 'only the text modality');
    const rules = isReranker ? RERANKING_MODALITY : TEXT_MODALITY;
    checkFields(`${inside}.${modality}`, objectField(inside, modalities, modality), rules);
  }
  if (modalities.text === undefined) throw refuseField(inside, 'text', undefined, 'only text models');
}

function checkArguments(file: string, config: Json, fields: readonly string[], rules: FieldRules): Json[] {
  return fields.map((field) => {
    const found = objectField(file, config, field);
    checkFields(`${file}: ${field}`, found, rules);
    return found;
  });
}
