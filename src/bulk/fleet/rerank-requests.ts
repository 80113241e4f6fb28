import type { Result } from '../result-source.ts';
import { type FleetTask, rowError } from './fleet-task.ts';

interface RerankAnswer {
  model: string;
  results: readonly { index: number; relevance_score?: number; error?: { code: string; message: string } }[];
  usage: { total_tokens: number };
}

export interface RerankFields {
  model: string | null;
  instruction: string | null;
  rawScores: boolean;
  truncate: 'error' | 'end' | 'start';
}

/** `/v1/rerank` of hotvec: a score for each pair of one query. @param column what errors call a document. */
export function rerankRequests(column: string, { model, instruction, rawScores, truncate }: RerankFields): FleetTask {
  const fields = {
    ...(model === null ? {} : { model }),
    ...(instruction === null ? {} : { instruction }),
    ...(rawScores ? { raw_scores: true } : {}),
    truncate,
    on_error: 'partial',
  };
  return {
    path: '/v1/rerank',
    model,
    // Of a query.
    faults: ['empty_input', 'input_too_long', 'invalid_input'],
    probe: ['hotvec', 'hotvec'],
    bodyOf: (items) => ({ query: items[0]?.[0], documents: items.map(([, document]) => document), ...fields }),
    read(answer, items) {
      const { model: name, results: found, usage } = answer as RerankAnswer;
      const results = new Array<Result>(items);
      for (const { index, relevance_score: score, error } of found) {
        if (score !== undefined) results[index] = Math.fround(score);
        else if (error !== undefined) results[index] = rowError(error, `documents[${index}]`, column);
      }
      if (found.length !== items || results.includes(undefined as unknown as Result)) {
        throw new Error(`it has ${found.length} results for ${items} documents`);
      }
      return { model: name, results, tokens: usage.total_tokens };
    },
  };
}
