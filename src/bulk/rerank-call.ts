import { type ErrorCode, HotvecError } from '../errors.ts';
import type { Reranker, RerankOptions } from '../tasks/reranking/reranker.ts';
import { type ComputeCall, inPlaces, NO_TIME_LIMIT_MS, sum } from './engine-source.ts';
import { groupByQuery, type QueryGroup } from './query-groups.ts';
import type { Result } from './result-source.ts';

/** What a query may be refused for; all its pairs are, then. */
const FAULTS_OF_QUERY: readonly ErrorCode[] = ['empty_input', 'input_too_long', 'invalid_input'];

/** What is asked of a reranker. */
export interface ScoreWish extends Pick<RerankOptions, 'truncate' | 'rawScores'> {
  instruction: string | null;
}

/** A score for each pair of query and document. @param columns what errors call the two. */
export function rerankCall(
  service: Reranker,
  [queryName, documentName]: readonly [string, string],
  { instruction, truncate, rawScores }: ScoreWish,
): ComputeCall {
  return async (items, signal) => {
    const results = new Array<Result>(items.length);
    const ask = async ({ query, documents, places }: QueryGroup): Promise<number> => {
      const input = {
        query: { text: query, name: queryName },
        documents: documents.map((text) => ({ text, name: documentName })),
        instruction,
      };
      try {
        const { scores, tokens, failures } = await service.rerank(input, {
          truncate,
          rawScores,
          onError: 'partial',
          priority: 'bulk',
          timeLimit: NO_TIME_LIMIT_MS,
          signal,
        });
        for (const [n, result] of inPlaces(places.length, scores, failures).entries()) {
          results[places[n] as number] = result;
        }
        return sum(tokens);
      } catch (error) {
        if (!(error instanceof HotvecError) || !FAULTS_OF_QUERY.includes(error.code)) throw error;
        for (const place of places) results[place] = { code: error.code, message: error.message };
        return 0;
      }
    };
    return { tokens: sum(await Promise.all(groupByQuery(items).map(ask))), results };
  };
}
