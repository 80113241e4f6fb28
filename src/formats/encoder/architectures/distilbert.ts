import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import { ACTIVATIONS } from '../activations.ts';
import type { Architecture } from '../architecture.ts';
import { type BertLayerConfig, type BertLayerNames, bertLayerWeights, writeBertLayer } from './bert-layer.ts';

const TRAINING = { noEffect: 'it concerns training' };
/** Of every norm; config.json does not name it. */
const LAYER_NORM_EPS = 1e-12;

/** DistilBERT (modeling_distilbert.py): BERT without token types, by other names. */
export const distilbert: Architecture<BertLayerConfig> = {
  modelTypes: ['distilbert'],
  prefixes: ['distilbert.'],
  // Heads of a language model, of classifiers and of readers; a buffer of old checkpoints.
  ignored: /^(vocab_(transform|layer_norm|projector)|(pre_)?classifier|qa_outputs)\.|^embeddings\.position_ids$/,

  readConfig(json) {
    const config = new ConfigReader(json, {
      vocab_size: 'applied',
      dim: 'applied',
      n_layers: 'applied',
      n_heads: 'applied',
      hidden_dim: 'applied',
      activation: 'applied',
      max_position_embeddings: 'applied',
      sinusoidal_pos_embds: { noEffect: 'the table of positions is among the weights either way' },
      pad_token_id: { noEffect: 'there is no padding' },
      dropout: TRAINING,
      attention_dropout: TRAINING,
      qa_dropout: TRAINING,
      seq_classif_dropout: TRAINING,
      tie_weights_: { noEffect: 'the head of a language model is not computed' },
    });
    const hiddenSize = config.count('dim');
    const headCount = config.count('n_heads');
    const intermediateSize = config.count('hidden_dim');
    const maxPositions = config.count('max_position_embeddings');
    if (hiddenSize % headCount !== 0) throw config.refuse('n_heads', `a divisor of ${hiddenSize}`);
    return {
      modelType: 'distilbert',
      hiddenSize,
      layerCount: config.count('n_layers'),
      headCount,
      headDim: hiddenSize / headCount,
      vocabularySize: config.count('vocab_size'),
      positions: maxPositions,
      layerWeights: bertLayerWeights(hiddenSize, intermediateSize),
      intermediateSize,
      activation: config.choice('activation', ACTIVATIONS),
      layerNormEps: LAYER_NORM_EPS,
      maxPositions,
    };
  },

  write(graph, config) {
    const { hiddenSize: hidden, vocabularySize, maxPositions, layerNormEps: epsilon } = config;
    const words = graph.embed('embeddings.word_embeddings', [vocabularySize, hidden]);
    const positions = graph.lookUp('embeddings.position_embeddings', graph.positions, [maxPositions, hidden]);
    let x = graph.layerNorm(graph.add(words, positions), 'embeddings.LayerNorm', hidden, epsilon);
    for (const layer of graph.layers(config.layerCount)) {
      x = writeBertLayer(graph, x, { config, names: namesOf(`transformer.layer.${layer.index}`), layer });
    }
    return x;
  },

  writeHead(graph, pooled, { hiddenSize: hidden }) {
    const raised = graph.activate(graph.linear(pooled, 'pre_classifier', [hidden, hidden]), 'relu');
    return graph.linear(raised, 'classifier', [1, hidden]);
  },
};

function namesOf(layer: string): BertLayerNames {
  return {
    query: `${layer}.attention.q_lin`,
    key: `${layer}.attention.k_lin`,
    value: `${layer}.attention.v_lin`,
    attentionOutput: `${layer}.attention.out_lin`,
    attentionNorm: `${layer}.sa_layer_norm`,
    intermediate: `${layer}.ffn.lin1`,
    output: `${layer}.ffn.lin2`,
    outputNorm: `${layer}.output_layer_norm`,
  };
}
