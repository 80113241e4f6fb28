import { StartError } from '../../errors.ts';
import type { Json } from './read-json.ts';

/** Names of the number of positions in config.json, by architecture: BERT and most; Nomic; T5 and GPT. */
const POSITION_FIELDS = ['max_position_embeddings', 'n_positions', 'max_sequence_length', 'seq_length'];

/** Architectures whose first position is pad_token_id + 1, so that the rows before it are never used (modeling_roberta.py). */
const OFFSET_POSITIONS =
  /^(roberta|xlm-roberta|xlm-roberta-xl|roberta-prelayernorm|camembert|mpnet|longformer|data2vec-text|xmod|ibert|esm)$/;

export interface LengthSources {
  config: Json;
  tokenizerConfig: Json | undefined;
  /** That of {@link TransformerConfig}. */
  maxLength: number | null;
}

/**
 * Longest sequence in tokens, special ones included, as sentence-transformers has it: what the file of its Transformer module
 * says, else what tokenizer_config.json says, and never more than the weights have positions. tokenizer_config.json of
 * Qwen3-Embedding says 131072 where the weights have 32768; that of all-MiniLM-L6-v2 says 512, and the module 256.
 *
 * @throws {StartError} when nothing says it.
 */
export function maxTokensOf({ config, tokenizerConfig, maxLength }: LengthSources): number {
  const positions = POSITION_FIELDS.map((field) => config[field]).find(isLength);
  const padTokenId = Number(config.pad_token_id ?? 1);
  const isOffset = OFFSET_POSITIONS.test(String(config.model_type));
  const limits = [
    positions === undefined ? undefined : positions - (isOffset ? padTokenId + 1 : 0),
    maxLength ?? tokenizerConfig?.model_max_length,
  ].filter(isLength);
  if (limits.length > 0) return Math.floor(Math.min(...limits));
  throw new StartError(
    'No file of the model gives the maximum text length: add sentence_bert_config.json with {"max_seq_length": N}, with N from the model card.',
  );
}

/** transformers writes 1e30 for "no limit". */
function isLength(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= Number.MAX_SAFE_INTEGER;
}
