import type { FieldRules } from '../../../model-files/folder/check-fields.ts';
import type { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import { ACTIVATIONS, type Activation } from '../activations.ts';
import type { EncoderConfig } from '../architecture.ts';
import type { EncoderGraph, Layer } from '../encoder-graph.ts';

/** Sizes of the encoders whose layers are those of BERT. Names as in transformers, in camel case. */
export interface BertLayerConfig extends EncoderConfig {
  intermediateSize: number;
  activation: Activation;
  layerNormEps: number;
  /** Rows of the table of positions. */
  maxPositions: number;
}

/** Fields of config.json that {@link readBertLayers} reads. */
export const BERT_LAYER_FIELDS: FieldRules = {
  vocab_size: 'applied',
  hidden_size: 'applied',
  num_hidden_layers: 'applied',
  num_attention_heads: 'applied',
  intermediate_size: 'applied',
  hidden_act: 'applied',
  layer_norm_eps: 'applied',
  max_position_embeddings: 'applied',
};

/** What a checkpoint calls the parts of a layer. */
export interface BertLayerNames {
  query: string;
  key: string;
  value: string;
  attentionOutput: string;
  attentionNorm: string;
  intermediate: string;
  output: string;
  outputNorm: string;
}

/** Numbers in the matrices of a layer: four square ones and two of the feed-forward part. */
export function bertLayerWeights(hiddenSize: number, intermediateSize: number): number {
  return 4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize;
}

/**
 * Reads the sizes, but for how many positions there are for tokens.
 * @throws {StartError} naming the field, for what cannot be.
 */
export function readBertLayers(config: ConfigReader): Omit<BertLayerConfig, 'positions'> {
  const hiddenSize = config.count('hidden_size');
  const headCount = config.count('num_attention_heads');
  const intermediateSize = config.count('intermediate_size');
  if (hiddenSize % headCount !== 0) throw config.refuse('num_attention_heads', `a divisor of ${hiddenSize}`);
  return {
    modelType: String(config.raw('model_type')),
    hiddenSize,
    layerCount: config.count('num_hidden_layers'),
    headCount,
    headDim: hiddenSize / headCount,
    vocabularySize: config.count('vocab_size'),
    layerWeights: bertLayerWeights(hiddenSize, intermediateSize),
    intermediateSize,
    activation: config.choice('hidden_act', ACTIVATIONS),
    layerNormEps: config.positive('layer_norm_eps', 1e-12),
    maxPositions: config.count('max_position_embeddings'),
  };
}

/**
 * One layer: what attention and the feed-forward part make of its rows is added to them, and normalized after each.
 * @param x [N, hiddenSize]
 * @param bias added to scores, [1, heads, S, S]; left out: nothing.
 * @returns [N, hiddenSize]; of the last layer the rows that are asked for.
 */
export function writeBertLayer(
  graph: EncoderGraph,
  x: string,
  { config, names, layer, bias }: { config: BertLayerConfig; names: BertLayerNames; layer: Layer; bias?: string },
): string {
  const { hiddenSize: hidden, intermediateSize: inner, layerNormEps: epsilon, headCount, headDim } = config;
  const project = (name: string) => graph.linear(x, name, [hidden, hidden]);
  const projected = { query: project(names.query), key: project(names.key), value: project(names.value) };
  const shape = { headCount, headDim, ...(bias === undefined ? {} : { bias }) };
  const seen = graph.attend(projected, shape, layer);
  const attended = graph.linear(seen, names.attentionOutput, [hidden, hidden]);
  const kept = graph.rowsAskedFor(x, layer);
  const normed = graph.skipLayerNorm(attended, kept, names.attentionNorm, hidden, epsilon);
  const raised = graph.activate(graph.linear(normed, names.intermediate, [inner, hidden]), config.activation);
  const lowered = graph.linear(raised, names.output, [hidden, inner]);
  return graph.skipLayerNorm(lowered, normed, names.outputNorm, hidden, epsilon);
}
