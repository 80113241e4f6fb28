import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import type { Architecture } from '../architecture.ts';
import type { EncoderGraph } from '../encoder-graph.ts';
import { BERT_FIELDS, type BertConfig, readBertConfig, writeBert } from './bert.ts';

/** RoBERTa, and those that are it by other names (modeling_roberta.py): BERT, but for its positions and its head. */
export const roberta: Architecture<BertConfig> = {
  modelTypes: ['roberta', 'xlm-roberta', 'camembert'],
  prefixes: ['roberta.'],
  // The pooler and the head of a language model; the head of a classifier; buffers of old checkpoints.
  ignored: /^(pooler|lm_head|classifier)\.|^embeddings\.(position_ids|token_type_ids)$/,

  readConfig(json) {
    const config = new ConfigReader(json, { ...BERT_FIELDS, pad_token_id: 'applied' });
    const sizes = readBertConfig(config);
    const paddingToken = config.tokenId('pad_token_id', 1);
    return { ...sizes, positions: positionsAfter(paddingToken, sizes.maxPositions, config), paddingToken };
  },

  write: writeBert,

  writeHead: writeDenseHead,
};

/**
 * The longest sequence, where its first token has the position after that of padding (`create_position_ids_from_input_ids`).
 * @throws {StartError} if there is none.
 */
export function positionsAfter(paddingToken: number, maxPositions: number, config: ConfigReader): number {
  const positions = maxPositions - paddingToken - 1;
  if (positions > 0) return positions;
  throw config.refuse('max_position_embeddings', `more than ${paddingToken + 1}, since positions begin there`);
}

/** `RobertaClassificationHead`, with one label. */
export function writeDenseHead(graph: EncoderGraph, pooled: string, { hiddenSize }: { hiddenSize: number }): string {
  const raised = graph.activate(graph.linear(pooled, 'classifier.dense', [hiddenSize, hiddenSize]), 'tanh');
  return graph.linear(raised, 'classifier.out_proj', [1, hiddenSize]);
}
