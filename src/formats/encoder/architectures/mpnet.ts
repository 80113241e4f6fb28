import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import type { Architecture } from '../architecture.ts';
import {
  BERT_LAYER_FIELDS,
  type BertLayerConfig,
  type BertLayerNames,
  readBertLayers,
  writeBertLayer,
} from './bert-layer.ts';
import { positionsAfter, writeDenseHead } from './roberta.ts';

/** The token that positions begin after, whatever config.json says of padding (`MPNetEmbeddings`). */
const PADDING_TOKEN = 1;
/** Of distances between tokens, whatever config.json says (`compute_position_bias`). */
const BUCKETS = 32;
/** From this distance on there is one bucket for each direction (`relative_position_bucket`). */
const FARTHEST = 128;

/** MPNet (modeling_mpnet.py): RoBERTa without token types, and with a bias of scores by how far tokens are apart. */
export const mpnet: Architecture<BertLayerConfig> = {
  modelTypes: ['mpnet'],
  prefixes: ['mpnet.'],
  // The pooler and the head of a language model; the head of a classifier; a buffer of old checkpoints.
  ignored: /^(pooler|lm_head|classifier)\.|^embeddings\.position_ids$/,

  readConfig(json) {
    const config = new ConfigReader(json, {
      ...BERT_LAYER_FIELDS,
      relative_attention_num_buckets: { only: [BUCKETS] },
      pad_token_id: { noEffect: 'there is no padding, and positions begin after token 1 in any case' },
    });
    const sizes = readBertLayers(config);
    const positions = positionsAfter(PADDING_TOKEN, sizes.maxPositions, config);
    return { ...sizes, positions, paddingToken: PADDING_TOKEN };
  },

  write(graph, config) {
    const { hiddenSize: hidden, vocabularySize, maxPositions, headCount, layerNormEps: epsilon } = config;
    const words = graph.embed('embeddings.word_embeddings', [vocabularySize, hidden]);
    const positions = graph.lookUp('embeddings.position_embeddings', graph.positions, [maxPositions, hidden]);
    let x = graph.layerNorm(graph.add(words, positions), 'embeddings.LayerNorm', hidden, epsilon);
    const bias = graph.biasByDistance('encoder.relative_attention_bias', [BUCKETS, headCount], bucketOf);
    for (const layer of graph.layers(config.layerCount)) {
      x = writeBertLayer(graph, x, { config, names: namesOf(`encoder.layer.${layer.index}`), layer, bias });
    }
    return x;
  },

  writeHead: writeDenseHead,
};

/**
 * The bucket of a key `distance` tokens after a query, or before it where that is negative: one for each of the nearest on
 * each side, and wider ones up to the farthest. As `relative_position_bucket` has it in float32.
 */
export function bucketOf(distance: number): number {
  const side = BUCKETS / 2;
  const exact = side / 2;
  const far = Math.abs(distance);
  const first = distance > 0 ? side : 0;
  if (far < exact) return first + far;
  const { fround } = Math;
  const part = fround(fround(Math.log(fround(far / exact))) / fround(Math.log(FARTHEST / exact)));
  return first + Math.min(exact + Math.trunc(fround(part * (side - exact))), side - 1);
}

function namesOf(layer: string): BertLayerNames {
  return {
    query: `${layer}.attention.attn.q`,
    key: `${layer}.attention.attn.k`,
    value: `${layer}.attention.attn.v`,
    attentionOutput: `${layer}.attention.attn.o`,
    attentionNorm: `${layer}.attention.LayerNorm`,
    intermediate: `${layer}.intermediate.dense`,
    output: `${layer}.output.dense`,
    outputNorm: `${layer}.output.LayerNorm`,
  };
}
