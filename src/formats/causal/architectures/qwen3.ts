import { StartError } from '../../../errors.ts';

/** The fields of a Qwen3 `config.json` that decide the arithmetic, checked. Names as in transformers, in camel case. */
export interface CausalConfig {
  modelType: 'qwen3';
  hiddenSize: number;
  intermediateSize: number;
  layerCount: number;
  headCount: number;
  keyValueHeadCount: number;
  /** Never hiddenSize / headCount: Qwen3-Embedding-0.6B has 16 heads of 128 on a hidden size of 1024. */
  headDim: number;
  rmsNormEps: number;
  ropeTheta: number;
  maxPositions: number;
  vocabularySize: number;
}

/** Fields that name, date or train the model, or steer generation: no influence on a hidden state. */
const IRRELEVANT = new Set([
  'architectures',
  'model_type',
  'attention_dropout',
  'bos_token_id',
  'eos_token_id',
  'pad_token_id',
  'initializer_range',
  'max_window_layers',
  'sliding_window',
  'torch_dtype',
  'dtype',
  'transformers_version',
  'use_cache',
  'tie_word_embeddings',
  '_name_or_path',
  'output_hidden_states',
  'output_attentions',
  'return_dict',
  'is_decoder',
  'id2label',
  'label2id',
  'num_labels',
  // What a reranker makes of its number (read-scoring.ts).
  'sentence_transformers',
  'sbert_ce_default_activation_function',
  'problem_type',
  // Which program computes the same attention; what Unsloth writes of itself.
  '_attn_implementation_autoset',
  'unsloth_fixed',
  'unsloth_version',
]);

/** Fields with one implemented value; any other is refused, by name. */
const REQUIRED_VALUE: Record<string, unknown> = {
  hidden_act: 'silu',
  attention_bias: false,
  use_sliding_window: false,
};

/**
 * Reads a parsed `config.json` of the Qwen3 architecture.
 *
 * @throws {StartError} naming the field, for a value that the packed graph does not implement, a missing one, or a
 * field unknown here: an unknown field may change the arithmetic, and a wrong vector is worse than no start.
 */
export function parseQwen3Config(config: Record<string, unknown>): CausalConfig {
  if (config.model_type !== 'qwen3') {
    throw new StartError(
      `config.json: model_type is ${JSON.stringify(config.model_type)}; this version of hotvec serves "qwen3" (Qwen3-Embedding and models of its architecture).`,
    );
  }
  const known = new Set<string>(IRRELEVANT);
  const positive = (field: string): number => {
    known.add(field);
    const value = config[field];
    if (typeof value !== 'number' || !(value > 0)) throw refused(field, value, 'a positive number');
    return value;
  };
  const count = (field: string): number => {
    const value = positive(field);
    if (!Number.isSafeInteger(value)) throw refused(field, value, 'an integer');
    return value;
  };

  for (const [field, wanted] of Object.entries(REQUIRED_VALUE)) {
    known.add(field);
    const value = config[field];
    if (value !== undefined && value !== null && value !== wanted) throw refused(field, value, JSON.stringify(wanted));
  }
  if (config.layer_types !== undefined) {
    known.add('layer_types');
    const types = config.layer_types;
    if (!Array.isArray(types) || types.some((type) => type !== 'full_attention')) {
      throw refused('layer_types', types, 'full_attention on every layer');
    }
  }
  const parsed: CausalConfig = {
    modelType: 'qwen3',
    hiddenSize: count('hidden_size'),
    intermediateSize: count('intermediate_size'),
    layerCount: count('num_hidden_layers'),
    headCount: count('num_attention_heads'),
    keyValueHeadCount: count('num_key_value_heads'),
    headDim: count('head_dim'),
    rmsNormEps: positive('rms_norm_eps'),
    ropeTheta: ropeTheta(config, known, positive),
    maxPositions: count('max_position_embeddings'),
    vocabularySize: count('vocab_size'),
  };
  if (parsed.headCount % parsed.keyValueHeadCount !== 0) {
    throw refused(
      'num_key_value_heads',
      parsed.keyValueHeadCount,
      `a divisor of num_attention_heads (${parsed.headCount})`,
    );
  }
  // A limit of ONNX Runtime's GroupQueryAttention, which it reports only when the first batch runs.
  if (parsed.headDim % 16 !== 0) throw refused('head_dim', parsed.headDim, 'a multiple of 16');
  for (const field of Object.keys(config)) {
    if (!known.has(field)) throw refused(field, config[field], 'no such field, which may change the vectors');
  }
  return parsed;
}

/**
 * transformers 5 writes `rope_parameters: {rope_type, rope_theta}` where 4 wrote `rope_theta` at the top, with a
 * `rope_scaling` that is null or says `default`, by either of two names.
 */
function ropeTheta(config: Record<string, unknown>, known: Set<string>, positive: (field: string) => number): number {
  known.add('rope_scaling').add('rope_parameters').add('rope_theta');
  const { rope_scaling: scaling = null, rope_parameters: parameters = null, rope_theta: top } = config;
  if (scaling !== null) {
    const { rope_type: type, type: oldType, ...rest } = scaling as Record<string, unknown>;
    if ((type ?? oldType) !== 'default' || (oldType ?? type) !== 'default' || Object.keys(rest).length > 0) {
      throw refused('rope_scaling', scaling, 'null or {"rope_type": "default"}');
    }
  }
  if (parameters === null) return positive('rope_theta');
  const { rope_type: type, rope_theta: theta, ...rest } = parameters as Record<string, unknown>;
  if (type !== 'default' || Object.keys(rest).length > 0 || typeof theta !== 'number' || !(theta > 0)) {
    throw refused('rope_parameters', parameters, '{"rope_type": "default", "rope_theta": a positive number}');
  }
  // transformers 4 reads the one, 5 the other.
  if ((top ?? theta) !== theta)
    throw refused('rope_theta', top, `the one of rope_parameters (${theta}) in both places`);
  return theta;
}

function refused(field: string, found: unknown, wanted: string): StartError {
  return new StartError(`config.json: ${field} is ${JSON.stringify(found) ?? 'missing'}; hotvec supports ${wanted}.`);
}
