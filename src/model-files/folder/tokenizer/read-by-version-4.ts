import type { Json } from '../read-json.ts';
import { FAMILIES } from './class-names.ts';
import { specialTokens, type TokenFiles } from './special-tokens.ts';
import { template } from './template.ts';
import { idsOfTokens, type TokenizerJson, type TokenizerParts } from './tokenizer-parts.ts';

/**
 * Families whose class rewrites the post-processor from `add_bos_token` and `add_eos_token`; and whether the first is
 * on.
 */
const BEGINS_TEXTS: Readonly<Record<string, boolean>> = { llama: true, gemma: true, gpt_neox: false };

/**
 * What transformers 4.57.6 makes of a folder: tokenizer.json, with what the class changes in it.
 *
 * @returns null where it fails.
 * @throws {RangeError} where it builds the tokenizer from another file, which hotvec does not read.
 */
export function readByVersion4(className: string, files: TokenFiles, json: TokenizerJson): TokenizerParts | null {
  const family = FAMILIES[className] ?? 'file';
  const { parts } = json;
  const config = files.tokenizerConfig ?? {};
  // It calls .keys() of it.
  if (Array.isArray(config.extra_special_tokens)) return null;
  if ((family === 'llama' || family === 't5') && typeof config.add_prefix_space === 'boolean') {
    throw new RangeError(`add_prefix_space of ${className} rebuilds the tokenizer from a SentencePiece file`);
  }
  const { named, added } = specialTokens(files, family, 4, parts.added_tokens, json);
  const changed: TokenizerParts = { ...parts, added_tokens: added };
  changed.pre_tokenizer = withPrefixSpace(parts.pre_tokenizer, config.add_prefix_space ?? false);

  if (family === 'bert' || family === 'mpnet') {
    if (parts.normalizer === null) return null;
    changed.normalizer = bertNormalizer(parts.normalizer, config, family === 'bert');
  }
  const beginsTexts = BEGINS_TEXTS[family];
  if (beginsTexts !== undefined) {
    const begin = ('add_bos_token' in config ? config.add_bos_token : beginsTexts) ? named.bos_token : undefined;
    const end = config.add_eos_token ? named.eos_token : undefined;
    changed.post_processor = template([begin], [end], 'repeated', idsOfTokens(json, added));
  }
  return changed;
}

/** PreTrainedTokenizerFast: a pre-tokenizer with that field gets the value of tokenizer_config.json, false where it has none. */
function withPrefixSpace(preTokenizer: Json | null, isWanted: unknown): Json | null {
  if (preTokenizer?.type !== 'ByteLevel' || typeof isWanted !== 'boolean') return preTokenizer;
  return { ...preTokenizer, add_prefix_space: isWanted };
}

/** BertTokenizerFast and its kin; MPNetTokenizerFast leaves Chinese characters alone. */
function bertNormalizer(normalizer: Json, config: Json, isBert: boolean): Json {
  if (normalizer.type !== 'BertNormalizer') return normalizer;
  return {
    ...normalizer,
    lowercase: config.do_lower_case ?? true,
    strip_accents: config.strip_accents ?? null,
    ...(isBert ? { handle_chinese_chars: config.tokenize_chinese_chars ?? true } : {}),
  };
}
