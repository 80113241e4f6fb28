import type { FieldRules } from '../../../model-files/folder/check-fields.ts';
import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import type { Architecture } from '../architecture.ts';
import type { EncoderGraph } from '../encoder-graph.ts';
import {
  BERT_LAYER_FIELDS,
  type BertLayerConfig,
  type BertLayerNames,
  readBertLayers,
  writeBertLayer,
} from './bert-layer.ts';

export interface BertConfig extends BertLayerConfig {
  tokenTypes: number;
}

const TINYBERT = { noEffect: 'it is of the code that TinyBERT was trained with, and transformers does not read it' };
const TENSORFLOW = { noEffect: 'it is of the first BERT in TensorFlow, and transformers does not read it' };

/** Fields of the config.json of BERT and of those that differ in their positions alone. */
export const BERT_FIELDS: FieldRules = {
  ...BERT_LAYER_FIELDS,
  type_vocab_size: 'applied',
  position_embedding_type: { only: ['absolute', null] },
  directionality: TENSORFLOW,
  pooler_fc_size: TENSORFLOW,
  pooler_num_attention_heads: TENSORFLOW,
  pooler_num_fc_layers: TENSORFLOW,
  pooler_size_per_head: TENSORFLOW,
  pooler_type: TENSORFLOW,
  cell: TINYBERT,
  emb_size: TINYBERT,
  pre_trained: TINYBERT,
  structure: TINYBERT,
  training: TINYBERT,
};

/** BERT (modeling_bert.py). */
export const bert: Architecture<BertConfig> = {
  modelTypes: ['bert'],
  prefixes: ['bert.'],
  // The pooler is for classifiers; the heads of language models; a buffer of old checkpoints.
  ignored: /^(pooler|cls|classifier)\.|^embeddings\.position_ids$/,

  readConfig(json) {
    const config = new ConfigReader(json, { ...BERT_FIELDS, pad_token_id: { noEffect: 'there is no padding' } });
    const sizes = readBertConfig(config);
    return { ...sizes, positions: sizes.maxPositions };
  },

  write: writeBert,

  writeHead(graph, pooled, { hiddenSize: hidden }) {
    const raised = graph.activate(graph.linear(pooled, 'pooler.dense', [hidden, hidden]), 'tanh');
    return graph.linear(raised, 'classifier', [1, hidden]);
  },
};

/** All but how many positions there are for tokens. */
export function readBertConfig(config: ConfigReader): Omit<BertConfig, 'positions'> {
  return { ...readBertLayers(config), tokenTypes: config.count('type_vocab_size', 2) };
}

export function writeBert(graph: EncoderGraph, config: BertConfig): string {
  const { hiddenSize: hidden, layerNormEps: epsilon } = config;
  const words = graph.embed('embeddings.word_embeddings', [config.vocabularySize, hidden]);
  const types = graph.lookUp('embeddings.token_type_embeddings', graph.tokenTypes, [config.tokenTypes, hidden]);
  const positions = graph.lookUp('embeddings.position_embeddings', graph.positions, [config.maxPositions, hidden]);
  let x = graph.layerNorm(graph.add(graph.add(words, types), positions), 'embeddings.LayerNorm', hidden, epsilon);
  for (const layer of graph.layers(config.layerCount)) {
    x = writeBertLayer(graph, x, { config, names: namesOf(`encoder.layer.${layer.index}`), layer });
  }
  return x;
}

function namesOf(layer: string): BertLayerNames {
  return {
    query: `${layer}.attention.self.query`,
    key: `${layer}.attention.self.key`,
    value: `${layer}.attention.self.value`,
    attentionOutput: `${layer}.attention.output.dense`,
    attentionNorm: `${layer}.attention.output.LayerNorm`,
    intermediate: `${layer}.intermediate.dense`,
    output: `${layer}.output.dense`,
    outputNorm: `${layer}.output.LayerNorm`,
  };
}
