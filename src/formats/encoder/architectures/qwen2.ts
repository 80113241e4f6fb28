import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import type { Architecture, EncoderConfig } from '../architecture.ts';
import type { Norm } from '../norms.ts';
import { readLayerTypes, readTheta } from '../rope-parameters.ts';

/**
 * Qwen2 where every token sees those after it, too, as gte-Qwen2: `Qwen2Model` with `is_causal` false, which transformers
 * heeds since version 5 (`create_causal_mask` of masking_utils.py). Names as in transformers, in camel case.
 */
export interface Qwen2Config extends EncoderConfig {
  keyValueHeadCount: number;
  intermediateSize: number;
  rmsNormEps: number;
  ropeTheta: number;
}

export const qwen2: Architecture<Qwen2Config> = {
  modelTypes: ['qwen2'],
  isFor: ({ is_causal: isCausal }) => isCausal === false,
  prefixes: ['model.'],
  // The head of a language model; a buffer of old checkpoints.
  ignored: /^lm_head\.|rotary_emb\.inv_freq$/,

  readConfig(json) {
    const config = new ConfigReader(json, {
      vocab_size: 'applied',
      hidden_size: 'applied',
      num_hidden_layers: 'applied',
      num_attention_heads: 'applied',
      num_key_value_heads: 'applied',
      intermediate_size: 'applied',
      hidden_act: { only: ['silu', null] },
      max_position_embeddings: 'applied',
      rms_norm_eps: 'applied',
      is_causal: 'applied',
      rope_theta: 'applied',
      rope_parameters: 'applied',
      rope_scaling: { only: [null] },
      use_sliding_window: { only: [false, null] },
      layer_types: 'applied',
      // Of Qwen2.5: positions in pictures, which its text models do not have.
      use_mrope: { only: [false, null] },
      sliding_window: { noEffect: 'there is none without use_sliding_window' },
      max_window_layers: { noEffect: 'there is no window without use_sliding_window' },
      auto_map: { noEffect: "sentence-transformers takes transformers' own class, which computes the same" },
      pad_token_id: { noEffect: 'there is no padding' },
      attention_dropout: { noEffect: 'it concerns training' },
      is_decoder: { noEffect: 'transformers does not read it' },
    });
    // Its absence means causal attention, so that it is no rule of the list.
    if (config.flag('is_causal', true)) throw config.refuse('is_causal', 'false');
    const hiddenSize = config.count('hidden_size');
    const layerCount = config.count('num_hidden_layers');
    const headCount = config.count('num_attention_heads');
    const keyValueHeadCount = config.count('num_key_value_heads', headCount);
    const intermediateSize = config.count('intermediate_size');
    const headDim = hiddenSize / headCount;
    if (headDim % 2 !== 0) throw config.refuse('num_attention_heads', `what divides ${hiddenSize} into even sizes`);
    if (headCount % keyValueHeadCount !== 0) throw config.refuse('num_key_value_heads', `a divisor of ${headCount}`);
    if (readLayerTypes(config, layerCount, () => true).includes('sliding_attention')) {
      throw config.refuse('layer_types', 'full_attention on every layer');
    }
    return {
      modelType: 'qwen2',
      hiddenSize,
      layerCount,
      headCount,
      keyValueHeadCount,
      headDim,
      vocabularySize: config.count('vocab_size'),
      positions: config.count('max_position_embeddings'),
      layerWeights: 2 * hiddenSize * headDim * (headCount + keyValueHeadCount) + 3 * hiddenSize * intermediateSize,
      intermediateSize,
      rmsNormEps: config.positive('rms_norm_eps', 1e-6),
      ropeTheta: readTheta(config, { field: 'rope_theta', otherwise: 10_000 }),
    };
  },

  write(graph, config) {
    const { hiddenSize: hidden, intermediateSize: inner, headCount, keyValueHeadCount, headDim } = config;
    const keyValueWidth = keyValueHeadCount * headDim;
    const norm = (name: string): Norm => ({
      kind: 'rms',
      name,
      width: hidden,
      epsilon: config.rmsNormEps,
      bias: false,
      isWeightLessOne: false,
    });
    const noBias = { bias: false };
    let residual = graph.embed('embed_tokens', [config.vocabularySize, hidden]);
    let normed = graph.norm(residual, norm('layers.0.input_layernorm'));

    for (const layer of graph.layers(config.layerCount)) {
      const name = `layers.${layer.index}`;
      const project = (part: string, width: number) =>
        graph.linear(normed, `${name}.self_attn.${part}`, [width, hidden]);
      const rotate = (x: string, heads: number) =>
        graph.rotate(x, { headCount: heads, headDim, theta: config.ropeTheta });
      const attended = graph.attend(
        {
          query: rotate(project('q_proj', hidden), headCount),
          key: rotate(project('k_proj', keyValueWidth), keyValueHeadCount),
          value: project('v_proj', keyValueWidth),
        },
        { headCount, keyValueHeadCount, headDim },
        layer,
      );
      const projected = graph.linear(attended, `${name}.self_attn.o_proj`, [hidden, hidden], noBias);
      const between = graph.addAndNorm(
        projected,
        graph.rowsAskedFor(residual, layer),
        norm(`${name}.post_attention_layernorm`),
      );
      const gate = graph.linear(between.normed, `${name}.mlp.gate_proj`, [inner, hidden], noBias);
      const up = graph.linear(between.normed, `${name}.mlp.up_proj`, [inner, hidden], noBias);
      const gated = graph.multiply(graph.activate(gate, 'silu'), up);
      const lowered = graph.linear(gated, `${name}.mlp.down_proj`, [hidden, inner], noBias);
      const next = layer.isLast ? 'norm' : `layers.${layer.index + 1}.input_layernorm`;
      ({ sum: residual, normed } = graph.addAndNorm(lowered, between.sum, norm(next)));
    }
    return normed;
  },
};
