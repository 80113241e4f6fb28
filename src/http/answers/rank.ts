import type { RerankResult } from '../../tasks/reranking/reranker.ts';
import { usageOf } from './serve-work.ts';

/** A document of a request and what became of it. */
export interface RankedDocument {
  /** Its place in the request. */
  index: number;
  /** A float32. */
  score: number;
  /** Tokens of the pair. */
  tokens: number;
  truncated: boolean;
}

/** Documents of a search that Cohere bills as one. */
const DOCUMENTS_PER_SEARCH = 100;

/** The documents that have a score, best first; of equal scores the earlier document. */
export function rank({ scores, tokens, truncated, failures }: RerankResult): RankedDocument[] {
  const ranked: RankedDocument[] = [];
  for (let index = 0; ranked.length < scores.length; index++) {
    if (failures.has(index)) continue;
    const at = ranked.length;
    const [score, count] = [scores[at] as number, tokens[at] as number];
    ranked.push({ index, score, tokens: count, truncated: truncated[at] === true });
  }
  return ranked.sort((a, b) => b.score - a.score || a.index - b.index);
}

/** `usage` of a ranking: tokens of all pairs, and how many of them it needs. */
export function rankingUsageOf(result: Pick<RerankResult, 'tokens' | 'neededTokens'>) {
  const { prompt_tokens, total_tokens } = usageOf(result);
  const computed_tokens = result.neededTokens;
  return { prompt_tokens, total_tokens, computed_tokens, shared_tokens: total_tokens - computed_tokens };
}

/** `meta` of a ranking of so many documents, as Cohere's API of that version has it. */
export function cohereMetaOf(version: string, documents: number) {
  const search_units = Math.ceil(documents / DOCUMENTS_PER_SEARCH);
  return { api_version: { version }, billed_units: { search_units } };
}
