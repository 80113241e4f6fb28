import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import type { Architecture, EncoderConfig } from '../architecture.ts';
import { ACTIVATIONS, type Activation } from '../encoder-graph.ts';

/** BERT, as `BertModel` has it (modeling_bert.py). Names as in transformers, in camel case. */
export interface BertConfig extends EncoderConfig {
  intermediateSize: number;
  activation: Activation;
  layerNormEps: number;
  maxPositions: number;
  tokenTypes: number;
}

export const bert: Architecture<BertConfig> = {
  modelTypes: ['bert'],
  prefixes: ['bert.'],
  // The pooler is for classifiers; the heads of language models; a buffer of old checkpoints.
  ignored: /^(pooler|cls|classifier)\.|^embeddings\.position_ids$/,

  readConfig(json) {
    const config = new ConfigReader(json, {
      vocab_size: 'applied',
      hidden_size: 'applied',
      num_hidden_layers: 'applied',
      num_attention_heads: 'applied',
      intermediate_size: 'applied',
      hidden_act: 'applied',
      layer_norm_eps: 'applied',
      max_position_embeddings: 'applied',
      type_vocab_size: 'applied',
      pad_token_id: { noEffect: 'there is no padding' },
      position_embedding_type: { only: ['absolute', null] },
      is_decoder: { only: [false] },
      add_cross_attention: { only: [false] },
      cross_attention_hidden_size: { only: [null] },
      chunk_size_feed_forward: { noEffect: 'the same arithmetic in pieces' },
    });
    const hiddenSize = config.count('hidden_size');
    const headCount = config.count('num_attention_heads');
    const intermediateSize = config.count('intermediate_size');
    const maxPositions = config.count('max_position_embeddings');
    if (hiddenSize % headCount !== 0) throw config.refuse('num_attention_heads', `a divisor of ${hiddenSize}`);
    return {
      modelType: 'bert',
      hiddenSize,
      layerCount: config.count('num_hidden_layers'),
      headCount,
      headDim: hiddenSize / headCount,
      vocabularySize: config.count('vocab_size'),
      positions: maxPositions,
      layerWeights: 4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize,
      intermediateSize,
      activation: config.choice('hidden_act', ACTIVATIONS),
      layerNormEps: config.positive('layer_norm_eps', 1e-12),
      maxPositions,
      tokenTypes: config.count('type_vocab_size', 2),
    };
  },

  write(graph, config) {
    const { hiddenSize: hidden, intermediateSize: inner, layerNormEps: epsilon } = config;
    const words = graph.lookUp('embeddings.word_embeddings', graph.tokenIds, [config.vocabularySize, hidden]);
    const types = graph.lookUp('embeddings.token_type_embeddings', graph.tokenTypes, [config.tokenTypes, hidden]);
    const positions = graph.lookUp('embeddings.position_embeddings', graph.positions, [config.maxPositions, hidden]);
    let x = graph.layerNorm(graph.add(graph.add(words, types), positions), 'embeddings.LayerNorm', hidden, epsilon);

    for (const layer of graph.layers(config.layerCount)) {
      const name = `encoder.layer.${layer.index}`;
      const project = (part: string) => graph.linear(x, `${name}.attention.self.${part}`, [hidden, hidden]);
      const attended = graph.attend(
        { query: project('query'), key: project('key'), value: project('value') },
        config,
        layer,
      );
      const projected = graph.linear(attended, `${name}.attention.output.dense`, [hidden, hidden]);
      x = graph.skipLayerNorm(
        projected,
        graph.rowsAskedFor(x, layer),
        `${name}.attention.output.LayerNorm`,
        hidden,
        epsilon,
      );
      const raised = graph.linear(x, `${name}.intermediate.dense`, [inner, hidden]);
      const lowered = graph.linear(graph.activate(raised, config.activation), `${name}.output.dense`, [hidden, inner]);
      x = graph.skipLayerNorm(lowered, x, `${name}.output.LayerNorm`, hidden, epsilon);
    }
    return x;
  },
};
