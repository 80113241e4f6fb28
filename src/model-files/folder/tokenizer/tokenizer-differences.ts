import type { TokenizerChanges } from '../../../tokenization/native-tokenizer.ts';
import type { Json } from '../read-json.ts';
import { canonicalModel, canonicalNormalizer, canonicalPreTokenizer, idsAround } from './canonical-parts.ts';
import { type AddedToken, idsOfAddedTokens, type TokenizerJson, type TokenizerParts } from './tokenizer-parts.ts';

/** How a text becomes words. */
export interface WordRules {
  normalizer: Json | null;
  pre_tokenizer: Json | null;
}

export type TokenizerPart = 'post_processor' | 'added_tokens' | 'model';

/** Whether two readings make the same words of every text. */
export function haveSameWords(one: WordRules, other: WordRules): boolean {
  return (
    canonicalNormalizer(one.normalizer) === canonicalNormalizer(other.normalizer) &&
    canonicalPreTokenizer(one.pre_tokenizer) === canonicalPreTokenizer(other.pre_tokenizer)
  );
}

/** The first part but the words that two readings differ in. */
export function differingPart(
  one: TokenizerParts,
  other: TokenizerParts,
  json: TokenizerJson,
): TokenizerPart | undefined {
  if (around(one) !== around(other)) return 'post_processor';
  if (tokens(one, json) !== tokens(other, json)) return 'added_tokens';
  if (canonicalModel(one.model, json.idOf) !== canonicalModel(other.model, json.idOf)) return 'model';
  return undefined;
}

function around({ post_processor }: TokenizerParts): string {
  return JSON.stringify(idsAround(post_processor));
}

function tokens({ added_tokens }: TokenizerParts, json: TokenizerJson): string {
  return JSON.stringify(withIds(added_tokens, json).sort((a, b) => a.id - b.id));
}

function withIds(added: readonly AddedToken[], json: TokenizerJson): (AddedToken & { id: number })[] {
  const ids = idsOfAddedTokens(json, added);
  return added.map((token, i) => ({ id: ids[i] as number, ...token }));
}

/** What makes the file what is wanted; null where it is. */
export function changesTo(json: TokenizerJson, wanted: TokenizerParts): TokenizerChanges | null {
  const { parts } = json;
  const changes: TokenizerChanges = {};
  if (canonicalNormalizer(wanted.normalizer) !== canonicalNormalizer(parts.normalizer)) {
    changes.normalizer = wanted.normalizer;
  }
  if (canonicalPreTokenizer(wanted.pre_tokenizer) !== canonicalPreTokenizer(parts.pre_tokenizer)) {
    changes.pre_tokenizer = wanted.pre_tokenizer;
  }
  if (wanted.post_processor !== parts.post_processor && around(wanted) !== around(parts)) {
    changes.post_processor = wanted.post_processor;
  }
  if (tokens(wanted, json) !== tokens(parts, json)) changes.added_tokens = withIds(wanted.added_tokens, json);
  if (canonicalModel(wanted.model, json.idOf) !== canonicalModel(parts.model, json.idOf)) changes.model = wanted.model;
  return Object.keys(changes).length === 0 ? null : changes;
}
