import { StartError } from '../../errors.ts';
import { isTokenCount } from '../../model-files/folder/max-tokens.ts';
import type { Json } from '../../model-files/folder/read-json.ts';
import type { BatchCost } from '../../model-files/manifest.ts';

/** What an encoder's config.json says of its size. */
export interface TransformerSizes {
  hiddenSize: number;
  layerCount: number;
  intermediateSize: number;
  vocabularySize: number;
  /** Longest sequence that there are positions for; undefined where config.json says none. */
  positions: number | undefined;
}

/** Names of the same size in config.json: BERT and most; DistilBERT; GPT-2 and Nomic; T5. */
const FIELDS = {
  hiddenSize: ['hidden_size', 'dim', 'n_embd', 'd_model'],
  layerCount: ['num_hidden_layers', 'n_layers', 'n_layer', 'num_layers'],
  intermediateSize: ['intermediate_size', 'hidden_dim', 'n_inner', 'd_ff'],
};
/** BERT and most; Nomic; T5 and GPT. */
const POSITION_FIELDS = ['max_position_embeddings', 'n_positions', 'max_sequence_length', 'seq_length'];

/** Architectures whose first position is pad_token_id + 1, so that the rows before it are never used (modeling_roberta.py). */
const OFFSET_POSITIONS =
  /^(roberta|xlm-roberta|xlm-roberta-xl|roberta-prelayernorm|camembert|mpnet|longformer|data2vec-text|xmod|ibert|esm)$/;

/** @throws {StartError} for a size that config.json does not have under any name known here. */
export function readTransformerSizes(config: Json): TransformerSizes {
  const hiddenSize = count(config, 'hiddenSize');
  return {
    hiddenSize,
    layerCount: count(config, 'layerCount'),
    // GPT-2 leaves it out: four times the hidden size.
    intermediateSize: count(config, 'intermediateSize', 4 * hiddenSize),
    vocabularySize: vocabularySize(config),
    positions: positionsOf(config),
  };
}

/** As a BERT layer has it: four square projections and two feed-forward matrices. An estimate for other encoders. */
export function costOf({ hiddenSize, intermediateSize, layerCount }: TransformerSizes): BatchCost {
  return {
    perRow: 2 * layerCount * (4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize),
    perSlotAndPosition: 4 * layerCount * hiddenSize,
  };
}

/** What short sequences are filled up with. */
export function paddingTokenOf({ pad_token_id: id }: Json): number {
  return typeof id === 'number' && id >= 0 ? id : 0;
}

function count(config: Json, size: keyof typeof FIELDS, otherwise?: number): number {
  const value = FIELDS[size].map((field) => config[field]).find((found) => typeof found === 'number') ?? otherwise;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new StartError(
    `config.json: ${FIELDS[size].join(', ')}: one of them must be a positive integer; found ${JSON.stringify(value) ?? 'none'}.`,
  );
}

function vocabularySize({ vocab_size: size }: Json): number {
  if (typeof size === 'number' && Number.isSafeInteger(size) && size > 0) return size;
  throw new StartError(`config.json: vocab_size is ${JSON.stringify(size) ?? 'missing'}; expected a positive integer.`);
}

function positionsOf(config: Json): number | undefined {
  const rows = POSITION_FIELDS.map((field) => config[field]).find(isTokenCount);
  if (rows === undefined || !OFFSET_POSITIONS.test(String(config.model_type))) return rows;
  return rows - (Number(config.pad_token_id ?? 1) + 1);
}
