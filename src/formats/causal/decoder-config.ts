import type { FieldRules } from '../../model-files/folder/check-fields.ts';
import type { ConfigReader } from '../../model-files/folder/config-reader.ts';
import type { CausalConfig, LayerTraits } from './architecture.ts';
import { readRope } from './rope.ts';

/** Fields of every architecture that the format computes. */
export const DECODER_FIELDS: FieldRules = {
  vocab_size: 'applied',
  hidden_size: 'applied',
  intermediate_size: 'applied',
  num_hidden_layers: 'applied',
  num_attention_heads: 'applied',
  num_key_value_heads: 'applied',
  head_dim: 'applied',
  hidden_act: { only: ['silu', null] },
  rms_norm_eps: 'applied',
  max_position_embeddings: 'applied',
  rope_theta: 'applied',
  rope_scaling: 'applied',
  rope_parameters: 'applied',
  attention_dropout: { noEffect: 'it concerns training' },
  pad_token_id: { noEffect: 'there is no padding' },
  is_decoder: { noEffect: 'these architectures are decoders, whatever it says' },
  // With false every token sees all others, which transformers does since version 5: that is the format `encoder`.
  is_causal: { only: [true, null] },
  auto_map: 'applied',
};

/**
 * Reads what all of them have in common.
 * @param modelType as in the config.
 * @throws {StartError} naming the field.
 */
export function readDecoderConfig(
  config: ConfigReader,
  modelType: string,
  traits: Omit<LayerTraits, 'ropeScaling'>,
): CausalConfig {
  checkAutoMap(config);
  checkClasses(config, modelType);
  const headCount = config.count('num_attention_heads');
  const { ropeTheta, ropeScaling } = readRope(config);
  const parsed = {
    modelType,
    hiddenSize: config.count('hidden_size'),
    intermediateSize: config.count('intermediate_size'),
    layerCount: config.count('num_hidden_layers'),
    headCount,
    keyValueHeadCount: config.count('num_key_value_heads', headCount),
    headDim: config.count('head_dim', config.count('hidden_size') / headCount),
    rmsNormEps: config.positive('rms_norm_eps', 1e-6),
    ropeTheta,
    maxPositions: config.count('max_position_embeddings'),
    vocabularySize: config.count('vocab_size'),
    traits: { ...traits, ropeScaling },
  };
  if (parsed.headCount % parsed.keyValueHeadCount !== 0) {
    throw config.refuse('num_key_value_heads', `a divisor of num_attention_heads (${parsed.headCount})`);
  }
  // A limit of ONNX Runtime's GroupQueryAttention, which it reports only when the first batch runs.
  if (parsed.headDim % 16 !== 0) throw config.refuse('head_dim', `a multiple of 16, not ${parsed.headDim}`);
  return parsed;
}

/**
 * A repository's own code does not run: sentence-transformers takes the class of transformers unless it is told to trust
 * it, and hotvec does the same. But authors write such code to let every token see all others, so the config has to say
 * that it is not so.
 */
function checkAutoMap(config: ConfigReader): void {
  const autoMap = (config.raw('auto_map') ?? {}) as Record<string, unknown>;
  if (autoMap.AutoModel === undefined || typeof config.raw('is_causal') === 'boolean') return;
  throw config.refuse(
    'auto_map',
    'a class of its own only where is_causal says whether a token sees those after it: hotvec runs no code of repositories',
  );
}

/** Classes of other names are somebody's own, though no `auto_map` says where they are: LLM2Vec's LlamaBiModel sees both ways. */
function checkClasses(config: ConfigReader, modelType: string): void {
  const ofTransformers = new RegExp(`^${modelType}(Model|For\\w+)$`, 'i');
  const classes: unknown[] = [config.raw('architectures') ?? []].flat();
  if (classes.every((name) => ofTransformers.test(String(name)))) return;
  throw config.refuse(
    'architectures',
    `classes of transformers for ${modelType}: another may let tokens see those after them. If this one does not, remove the field in a copy of the folder`,
  );
}
