import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import { ACTIVATIONS, type Activation } from '../activations.ts';
import type { Architecture, EncoderConfig } from '../architecture.ts';
import type { Norm } from '../norms.ts';
import { type LayerType, readLayerTypes, readThetas } from '../rope-parameters.ts';

/**
 * Gemma 3 for text where every token sees those after it, too, as EmbeddingGemma: `Gemma3TextModel` with
 * `use_bidirectional_attention` (modeling_gemma3.py). Names as in transformers, in camel case.
 */
export interface Gemma3Config extends EncoderConfig {
  keyValueHeadCount: number;
  intermediateSize: number;
  activation: Activation;
  rmsNormEps: number;
  attentionBias: boolean;
  /** Scores are divided by its root. */
  queryPreAttnScalar: number;
  layerTypes: LayerType[];
  ropeThetas: Record<LayerType, number>;
  /** How far a token sees to either side in layers with sliding attention. */
  window: number;
}

export const gemma3: Architecture<Gemma3Config> = {
  modelTypes: ['gemma3_text'],
  prefixes: ['model.'],
  ignored: /^lm_head\./,

  readConfig(json) {
    const config = new ConfigReader(json, {
      vocab_size: 'applied',
      hidden_size: 'applied',
      num_hidden_layers: 'applied',
      num_attention_heads: 'applied',
      num_key_value_heads: 'applied',
      head_dim: 'applied',
      intermediate_size: 'applied',
      hidden_activation: 'applied',
      max_position_embeddings: 'applied',
      rms_norm_eps: 'applied',
      attention_bias: 'applied',
      query_pre_attn_scalar: 'applied',
      use_bidirectional_attention: 'applied',
      sliding_window: 'applied',
      sliding_window_pattern: 'applied',
      layer_types: 'applied',
      rope_theta: 'applied',
      rope_local_base_freq: 'applied',
      rope_parameters: 'applied',
      rope_scaling: { only: [null] },
      attn_logit_softcapping: { only: [null] },
      final_logit_softcapping: { noEffect: 'the head of a language model is not computed' },
      _sliding_window_pattern: { noEffect: 'transformers reads layer_types and sliding_window_pattern' },
      pad_token_id: { noEffect: 'there is no padding' },
      attention_dropout: { noEffect: 'it concerns training' },
    });
    // Its absence means causal attention, so that it is no rule of the list.
    if (!config.flag('use_bidirectional_attention', false)) throw config.refuse('use_bidirectional_attention', 'true');
    const hiddenSize = config.count('hidden_size');
    const layerCount = config.count('num_hidden_layers');
    const headCount = config.count('num_attention_heads');
    const keyValueHeadCount = config.count('num_key_value_heads');
    const headDim = config.count('head_dim', 256);
    const intermediateSize = config.count('intermediate_size');
    const every = config.count('sliding_window_pattern', 6);
    if (headCount % keyValueHeadCount !== 0) throw config.refuse('num_key_value_heads', `a divisor of ${headCount}`);
    if (headDim % 2 !== 0) throw config.refuse('head_dim', 'an even number');
    return {
      modelType: 'gemma3_text',
      hiddenSize,
      layerCount,
      headCount,
      keyValueHeadCount,
      headDim,
      vocabularySize: config.count('vocab_size'),
      positions: config.count('max_position_embeddings'),
      layerWeights: 2 * hiddenSize * headDim * (headCount + keyValueHeadCount) + 3 * hiddenSize * intermediateSize,
      intermediateSize,
      activation: config.choice('hidden_activation', ACTIVATIONS, 'gelu_pytorch_tanh'),
      rmsNormEps: config.positive('rms_norm_eps', 1e-6),
      attentionBias: config.flag('attention_bias', false),
      queryPreAttnScalar: config.positive('query_pre_attn_scalar', 256),
      layerTypes: readLayerTypes(config, layerCount, (layer) => (layer + 1) % every === 0),
      ropeThetas: readThetas(config, {
        full_attention: { field: 'rope_theta', otherwise: 1_000_000 },
        sliding_attention: { field: 'rope_local_base_freq', otherwise: 10_000 },
      }),
      // Both sides together have what a causal model's one side has.
      window: Math.floor(config.count('sliding_window', 4096) / 2),
    };
  },

  write(graph, config) {
    const { hiddenSize: hidden, intermediateSize: inner, headCount, keyValueHeadCount, headDim } = config;
    const [queryWidth, keyValueWidth] = [headCount * headDim, keyValueHeadCount * headDim];
    const norm = (name: string, width = hidden): Norm => ({
      kind: 'rms',
      name,
      width,
      epsilon: config.rmsNormEps,
      bias: false,
      isWeightLessOne: true,
    });
    const attentionBias = { bias: config.attentionBias };
    const noBias = { bias: false };
    const words = graph.embed('embed_tokens', [config.vocabularySize, hidden]);
    let residual = graph.scale(words, Math.sqrt(hidden));
    let normed = graph.norm(residual, norm('layers.0.input_layernorm'));

    for (const layer of graph.layers(config.layerCount)) {
      const name = `layers.${layer.index}`;
      const type = config.layerTypes[layer.index] as LayerType;
      const project = (part: string, width: number) =>
        graph.linear(normed, `${name}.self_attn.${part}`, [width, hidden], attentionBias);
      const normAndRotate = (x: string, part: string, heads: number) =>
        graph.rotate(graph.normHeads(x, norm(`${name}.self_attn.${part}`, headDim), heads), {
          headCount: heads,
          headDim,
          theta: config.ropeThetas[type],
        });
      const attended = graph.attend(
        {
          query: normAndRotate(project('q_proj', queryWidth), 'q_norm', headCount),
          key: normAndRotate(project('k_proj', keyValueWidth), 'k_norm', keyValueHeadCount),
          value: project('v_proj', keyValueWidth),
        },
        {
          headCount,
          keyValueHeadCount,
          headDim,
          scale: 1 / Math.sqrt(config.queryPreAttnScalar),
          ...(type === 'sliding_attention' ? { window: config.window } : {}),
        },
        layer,
      );
      const projected = graph.linear(attended, `${name}.self_attn.o_proj`, [hidden, queryWidth], attentionBias);
      const between = graph.addAndNorm(
        graph.norm(projected, norm(`${name}.post_attention_layernorm`)),
        graph.rowsAskedFor(residual, layer),
        norm(`${name}.pre_feedforward_layernorm`),
      );
      const gate = graph.linear(between.normed, `${name}.mlp.gate_proj`, [inner, hidden], noBias);
      const up = graph.linear(between.normed, `${name}.mlp.up_proj`, [inner, hidden], noBias);
      const gated = graph.multiply(graph.activate(gate, config.activation), up);
      const lowered = graph.linear(gated, `${name}.mlp.down_proj`, [hidden, inner], noBias);
      const next = layer.isLast ? 'norm' : `layers.${layer.index + 1}.input_layernorm`;
      ({ sum: residual, normed } = graph.addAndNorm(
        graph.norm(lowered, norm(`${name}.post_feedforward_layernorm`)),
        between.sum,
        norm(next),
      ));
    }
    return normed;
  },
};
