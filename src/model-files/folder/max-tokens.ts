import { StartError } from '../../errors.ts';
import type { Json } from './read-json.ts';

export interface LengthSources {
  /** As the format found them; undefined where nothing in the weights bounds a text. */
  positions: number | undefined;
  /** config.json */
  config: Json;
  tokenizerConfig: Json | undefined;
  /** That of {@link TransformerConfig}. */
  maxLength: number | null;
}

/**
 * Longest sequence in tokens, special ones included, as sentence-transformers has it: what the file of its Transformer module
 * says, else what tokenizer_config.json says, but at most `max_position_embeddings`; and never more than the weights have
 * positions. Published ones disagree: a tokenizer_config.json says 131072 where the weights have 32768; another says 512, and the
 * module 256; NomicBERT, which has no table of positions, says 2048, and its module 8192.
 *
 * @throws {StartError} when nothing says it.
 */
export function maxTokensOf({ positions, config, tokenizerConfig, maxLength }: LengthSources): number {
  const said = maxLength === null ? [tokenizerConfig?.model_max_length, config.max_position_embeddings] : [maxLength];
  const limits = [positions, ...said].filter(isTokenCount);
  if (limits.length > 0) return Math.floor(Math.min(...limits));
  throw new StartError(
    'No file of the model gives the maximum text length: add sentence_bert_config.json with {"max_seq_length": N}, with N from the model card.',
  );
}

/** Whether a field says a length: transformers writes 1e30 for "no limit". */
export function isTokenCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= Number.MAX_SAFE_INTEGER;
}
