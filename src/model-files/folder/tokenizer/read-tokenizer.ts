import type { Json, ReadJson } from '../read-json.ts';
import { describeTokenizer, type TokenizerDescription } from './describe-tokenizer.ts';

/**
 * Reads the files of a folder that decide token ids.
 * @param lowercase whether sentence_bert_config.json asks for lower case.
 * @throws {StartError} as {@link describeTokenizer}.
 */
export async function readTokenizer(read: ReadJson, lowercase: boolean): Promise<TokenizerDescription> {
  const [tokenizer, config, tokenizerConfig, specialTokensMap, addedTokens] = (await Promise.all(
    ['tokenizer.json', 'config.json', 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'].map(
      read,
    ),
  )) as (Json | undefined)[];
  return describeTokenizer({
    tokenizer,
    config: config ?? {},
    tokenizerConfig,
    specialTokensMap,
    addedTokens,
    lowercase,
  });
}
