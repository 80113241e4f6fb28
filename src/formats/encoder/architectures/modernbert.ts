import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import { ACTIVATIONS, type Activation } from '../activations.ts';
import type { Architecture, EncoderConfig } from '../architecture.ts';
import type { Norm } from '../norms.ts';
import { type LayerType, readLayerTypes, readThetas } from '../rope-parameters.ts';

/** ModernBERT, as `ModernBertModel` has it (modeling_modernbert.py). Names as in transformers, in camel case. */
export interface ModernBertConfig extends EncoderConfig {
  intermediateSize: number;
  activation: Activation;
  normEps: number;
  normBias: boolean;
  attentionBias: boolean;
  mlpBias: boolean;
  layerTypes: LayerType[];
  ropeThetas: Record<LayerType, number>;
  /** How far a token sees to either side in layers with sliding attention. */
  window: number;
  classifierPooling: 'cls' | 'mean';
  classifierBias: boolean;
  classifierActivation: Activation;
}

const DROPOUT = { noEffect: 'it concerns training' };
const HEADS = { noEffect: 'the heads of language models are not computed' };
const POOLINGS = { cls: 'cls', mean: 'mean' } as const;

export const modernbert: Architecture<ModernBertConfig> = {
  modelTypes: ['modernbert'],
  prefixes: ['model.'],
  // The heads of language models and of classifiers.
  ignored: /^(head|decoder|classifier)\./,

  readConfig(json) {
    const config = new ConfigReader(json, {
      vocab_size: 'applied',
      hidden_size: 'applied',
      num_hidden_layers: 'applied',
      num_attention_heads: 'applied',
      intermediate_size: 'applied',
      hidden_activation: 'applied',
      max_position_embeddings: 'applied',
      norm_eps: 'applied',
      norm_bias: 'applied',
      attention_bias: 'applied',
      mlp_bias: 'applied',
      local_attention: 'applied',
      global_attn_every_n_layers: 'applied',
      layer_types: 'applied',
      global_rope_theta: 'applied',
      local_rope_theta: 'applied',
      rope_parameters: 'applied',
      rope_scaling: { only: [null] },
      pad_token_id: { noEffect: 'there is no padding' },
      layer_norm_eps: { noEffect: 'transformers reads norm_eps' },
      position_embedding_type: { noEffect: 'transformers does not read it' },
      initializer_cutoff_factor: DROPOUT,
      attention_dropout: DROPOUT,
      embedding_dropout: DROPOUT,
      mlp_dropout: DROPOUT,
      sparse_prediction: HEADS,
      sparse_pred_ignore_index: HEADS,
      decoder_bias: HEADS,
      classifier_pooling: 'applied',
      classifier_bias: 'applied',
      classifier_activation: 'applied',
      deterministic_flash_attn: { noEffect: 'which program computes the same attention' },
      reference_compile: { noEffect: 'which program computes the same layers' },
      repad_logits_with_grad: DROPOUT,
    });
    const hiddenSize = config.count('hidden_size');
    const headCount = config.count('num_attention_heads');
    const layerCount = config.count('num_hidden_layers');
    const intermediateSize = config.count('intermediate_size');
    const every = config.count('global_attn_every_n_layers', 3);
    if (hiddenSize % headCount !== 0) throw config.refuse('num_attention_heads', `a divisor of ${hiddenSize}`);
    return {
      modelType: 'modernbert',
      hiddenSize,
      layerCount,
      headCount,
      headDim: hiddenSize / headCount,
      vocabularySize: config.count('vocab_size'),
      positions: config.count('max_position_embeddings', 8192),
      layerWeights: 4 * hiddenSize ** 2 + 3 * hiddenSize * intermediateSize,
      intermediateSize,
      activation: config.choice('hidden_activation', ACTIVATIONS, 'gelu'),
      normEps: config.positive('norm_eps', 1e-5),
      normBias: config.flag('norm_bias', false),
      attentionBias: config.flag('attention_bias', false),
      mlpBias: config.flag('mlp_bias', false),
      layerTypes: readLayerTypes(config, layerCount, (layer) => layer % every === 0),
      ropeThetas: readThetas(config, {
        full_attention: { field: 'global_rope_theta', otherwise: 160_000 },
        sliding_attention: { field: 'local_rope_theta', otherwise: 10_000 },
      }),
      window: Math.floor(config.count('local_attention', 128) / 2),
      classifierPooling: config.choice('classifier_pooling', POOLINGS, 'cls'),
      classifierBias: config.flag('classifier_bias', false),
      classifierActivation: config.choice('classifier_activation', ACTIVATIONS, 'gelu'),
    };
  },

  write(graph, config) {
    const { hiddenSize: hidden, intermediateSize: inner, headCount, headDim } = config;
    const norm = (name: string) => normOf(name, config);
    const attentionBias = { bias: config.attentionBias };
    const mlpBias = { bias: config.mlpBias };
    const words = graph.embed('embeddings.tok_embeddings', [config.vocabularySize, hidden]);
    let residual = graph.norm(words, norm('embeddings.norm'));
    let normed = residual; // the first layer has no norm before its attention

    for (const layer of graph.layers(config.layerCount)) {
      const name = `layers.${layer.index}`;
      const type = config.layerTypes[layer.index] as LayerType;
      const rotation = { headCount, headDim, theta: config.ropeThetas[type] };
      const [query, key, value] = graph.linears(
        normed,
        `${name}.attn.Wqkv`,
        [hidden, hidden, hidden],
        hidden,
        attentionBias,
      ) as [string, string, string];
      const attended = graph.attend(
        { query: graph.rotate(query, rotation), key: graph.rotate(key, rotation), value },
        { headCount, headDim, ...(type === 'sliding_attention' ? { window: config.window } : {}) },
        layer,
      );
      const projected = graph.linear(attended, `${name}.attn.Wo`, [hidden, hidden], attentionBias);
      const between = graph.addAndNorm(projected, graph.rowsAskedFor(residual, layer), norm(`${name}.mlp_norm`));
      const [input, gate] = graph.linears(between.normed, `${name}.mlp.Wi`, [inner, inner], hidden, mlpBias) as [
        string,
        string,
      ];
      const gated = graph.multiply(graph.activate(input, config.activation), gate);
      const lowered = graph.linear(gated, `${name}.mlp.Wo`, [hidden, inner], mlpBias);
      const next = layer.isLast ? 'final_norm' : `layers.${layer.index + 1}.attn_norm`;
      ({ sum: residual, normed } = graph.addAndNorm(lowered, between.sum, norm(next)));
    }
    return normed;
  },

  writeHead(graph, pooled, config) {
    const { hiddenSize: hidden, classifierBias: bias } = config;
    const raised = graph.linear(pooled, 'head.dense', [hidden, hidden], { bias });
    const normed = graph.norm(graph.activate(raised, config.classifierActivation), normOf('head.norm', config));
    return graph.linear(normed, 'classifier', [1, hidden]);
  },

  headPooling: ({ classifierPooling }) => classifierPooling,
};

function normOf(name: string, { hiddenSize, normEps, normBias }: ModernBertConfig): Norm {
  return { kind: 'layer', name, width: hiddenSize, epsilon: normEps, bias: normBias, isWeightLessOne: false };
}
