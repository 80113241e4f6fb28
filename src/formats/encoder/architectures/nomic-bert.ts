import { refuseField } from '../../../model-files/folder/check-fields.ts';
import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import { ACTIVATIONS, type Activation } from '../activations.ts';
import type { Architecture, EncoderConfig } from '../architecture.ts';
import { readTheta } from '../rope-parameters.ts';

/**
 * NomicBERT, as `NomicBertModel` has it (modeling_nomic_bert.py), and as the code that nomic-ai publishes beside the
 * weights computes it, whose config.json has other names. Tensors have that code's names in both.
 */
export interface NomicBertConfig extends EncoderConfig {
  intermediateSize: number;
  activation: Activation;
  layerNormEps: number;
  ropeTheta: number;
  tokenTypes: number;
}

const TRAINING = { noEffect: 'it concerns training' };
const PROGRAM = { noEffect: 'which program computes the same' };
const HEADS = { noEffect: 'the heads of classifiers and of language models are not computed' };
const OFF = { only: [false] };
const NO_EXPERTS = { only: [0, null] };

/** nomic-ai's names of gated activations. Others are of layers without a gate. */
const GATED = { swiglu: 'silu', geglu: 'gelu' } as const;

export const nomicBert: Architecture<NomicBertConfig> = {
  modelTypes: ['nomic_bert'],
  prefixes: ['nomic_bert.', 'bert.'],
  ignored: /^(pooler|cls|classifier)\./,

  readConfig(json) {
    // First, since other fields of a mixture of experts say less of what it is.
    if ((json.num_experts ?? 0) !== 0) {
      throw refuseField('config.json', 'num_experts', json.num_experts, 'no mixture of experts');
    }
    const config = new ConfigReader(json, {
      vocab_size: 'applied',
      pad_vocab_size_multiple: { noEffect: 'vocab_size is a multiple of it already' },
      type_vocab_size: 'applied',
      head_dim: 'applied',
      rope_parameters: 'applied',
      rotary_emb_base: 'applied',
      hidden_size: 'applied',
      n_embd: 'applied',
      num_hidden_layers: 'applied',
      n_layer: 'applied',
      num_attention_heads: 'applied',
      n_head: 'applied',
      intermediate_size: 'applied',
      n_inner: 'applied',
      hidden_act: 'applied',
      activation_function: 'applied',
      layer_norm_eps: 'applied',
      layer_norm_epsilon: 'applied',
      max_position_embeddings: 'applied',
      n_positions: 'applied',
      rotary_emb_fraction: { only: [1] },
      rotary_emb_interleaved: OFF,
      rotary_emb_scale_base: { only: [null] },
      // Frequencies that change with the length beyond max_trained_positions.
      rotary_scaling_factor: { only: [null] },
      max_trained_positions: { noEffect: 'without a rotary_scaling_factor' },
      qkv_proj_bias: OFF,
      mlp_fc1_bias: OFF,
      mlp_fc2_bias: OFF,
      prenorm: OFF,
      use_rms_norm: OFF,
      parallel_block: OFF,
      parallel_block_tied_norm: OFF,
      causal: OFF,
      scale_attn_weights: { only: [true] },
      scale_attn_by_inverse_layer_idx: OFF,
      num_experts: NO_EXPERTS,
      moe_every_n_layers: NO_EXPERTS,
      auto_map: { noEffect: 'code beside the weights, which hotvec does not run' },
      pad_token_id: { noEffect: 'there is no padding' },
      attn_pdrop: TRAINING,
      embd_pdrop: TRAINING,
      resid_pdrop: TRAINING,
      fused_bias_fc: PROGRAM,
      fused_dropout_add_ln: PROGRAM,
      use_flash_attn: PROGRAM,
      use_xentropy: PROGRAM,
      reorder_and_upcast_attn: PROGRAM,
      dense_seq_output: HEADS,
      summary_activation: HEADS,
      summary_first_dropout: HEADS,
      summary_proj_to_labels: HEADS,
      summary_type: HEADS,
      summary_use_proj: HEADS,
    });
    /** The one of two names of a field that the file has. */
    const eitherOf = (transformers: string, nomic: string): string => {
      const [one, other] = [config.raw(transformers) ?? null, config.raw(nomic) ?? null];
      if (one !== null && other !== null && one !== other)
        throw config.refuse(nomic, `what ${transformers} is (${one})`);
      return other === null ? transformers : nomic;
    };
    const hiddenSize = config.count(eitherOf('hidden_size', 'n_embd'));
    const headCountField = eitherOf('num_attention_heads', 'n_head');
    const headCount = config.count(headCountField);
    const headDim = config.count('head_dim', hiddenSize / headCount);
    const intermediateSize = config.count(eitherOf('intermediate_size', 'n_inner'));
    if (headDim % 2 !== 0) throw config.refuse('head_dim', 'an even number');
    return {
      modelType: 'nomic_bert',
      hiddenSize,
      layerCount: config.count(eitherOf('num_hidden_layers', 'n_layer')),
      headCount,
      headDim,
      vocabularySize: config.count('vocab_size'),
      positions: readPositions(config),
      layerWeights: 4 * hiddenSize * headCount * headDim + 3 * hiddenSize * intermediateSize,
      intermediateSize,
      activation: readActivation(config),
      layerNormEps: config.positive(eitherOf('layer_norm_eps', 'layer_norm_epsilon'), 1e-12),
      ropeTheta: readTheta(config, { field: 'rotary_emb_base', otherwise: 1000 }),
      tokenTypes: config.count('type_vocab_size', 2),
    };
  },

  write(graph, config) {
    const { hiddenSize: hidden, intermediateSize: inner, headCount, headDim, layerNormEps: epsilon } = config;
    const width = headCount * headDim;
    const noBias = { bias: false };
    const rotation = { headCount, headDim, theta: config.ropeTheta };
    const words = graph.embed('embeddings.word_embeddings', [config.vocabularySize, hidden]);
    const types = graph.lookUp('embeddings.token_type_embeddings', graph.tokenTypes, [config.tokenTypes, hidden]);
    let x = graph.layerNorm(graph.add(words, types), 'emb_ln', hidden, epsilon);

    for (const layer of graph.layers(config.layerCount)) {
      const name = `encoder.layers.${layer.index}`;
      const [query, key, value] = graph.linears(x, `${name}.attn.Wqkv`, [width, width, width], hidden, noBias) as [
        string,
        string,
        string,
      ];
      const attended = graph.attend(
        { query: graph.rotate(query, rotation), key: graph.rotate(key, rotation), value },
        { headCount, headDim },
        layer,
      );
      const projected = graph.linear(attended, `${name}.attn.out_proj`, [hidden, width], noBias);
      x = graph.skipLayerNorm(projected, graph.rowsAskedFor(x, layer), `${name}.norm1`, hidden, epsilon);
      const up = graph.linear(x, `${name}.mlp.fc11`, [inner, hidden], noBias);
      const gate = graph.linear(x, `${name}.mlp.fc12`, [inner, hidden], noBias);
      const gated = graph.multiply(up, graph.activate(gate, config.activation));
      const lowered = graph.linear(gated, `${name}.mlp.fc2`, [hidden, inner], noBias);
      x = graph.skipLayerNorm(lowered, x, `${name}.norm2`, hidden, epsilon);
    }
    return x;
  },
};

/**
 * Of rotary positions there is no table: nomic-ai's field is a limit, and that of transformers one only where the module does
 * not say more (max-tokens.ts).
 */
function readPositions(config: ConfigReader): number | undefined {
  const [nomic, transformers] = ['n_positions', 'max_position_embeddings'].map((field) => config.raw(field) ?? null);
  if (transformers !== null) config.count('max_position_embeddings');
  if (nomic === null && transformers !== null) return undefined;
  return config.count('n_positions', 2048);
}

function readActivation(config: ConfigReader): Activation {
  const plain = config.raw('hidden_act') ?? null;
  if ((config.raw('activation_function') ?? null) === null) return config.choice('hidden_act', ACTIVATIONS, 'silu');
  const gated = config.choice('activation_function', GATED);
  if (plain !== null && config.choice('hidden_act', ACTIVATIONS) !== gated) {
    throw config.refuse('hidden_act', `the activation of activation_function (${gated})`);
  }
  return gated;
}
