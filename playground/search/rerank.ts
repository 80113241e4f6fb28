import { computed, effect, signal } from '@preact/signals';
import type { ApiError } from '../api/api-error.ts';
import type { RerankRequest } from '../api/api-types.ts';
import { reranker } from '../api/models.ts';
import { nameItem } from '../api/name-item.ts';
import { post } from '../api/server.ts';
import { collection } from '../collection/collection.ts';
import { asApiError } from '../fields/error-message.tsx';
import { type AskedQuery, isBehind, results, type SearchResults } from './query.ts';

export interface Reranked {
  /** Those that were ranked, in the order of the vectors. */
  before: SearchResults;
  /** Rows of the collection, best first; those that failed are not among them. */
  order: readonly { row: number; score: number }[];
  /** Rows that could not be scored, and the API's words. */
  failed: ReadonlyMap<number, string>;
  model: string;
}

export const reranked = signal<Reranked | null>(null);
export const isReranking = signal(false);
export const rerankError = signal<ApiError | null>(null);
let abort: AbortController | null = null;
/** What was searched for when the ranking began. */
let rankedFor: AskedQuery | null = null;

/** The request that ranks what is found; null: there is nothing to rank, or not yet for what is typed, or no reranker. */
export const rerankBody = computed((): RerankRequest | null => {
  const found = results.value;
  const texts = collection.peek()?.texts;
  const model = reranker.value;
  if (found === null || found.found.length === 0 || texts === undefined || model === null) return null;
  const documents = found.found.map(({ row }) => texts[row] ?? '');
  const { query, instruction } = found.asked;
  // Its ranking would be gone with the next answer.
  if (isBehind.value) return null;
  const takesInstruction = instruction !== '' && typeof model.default_instruction === 'string';
  return {
    model: model.id,
    query,
    documents,
    ...(takesInstruction ? { instruction } : {}),
    on_error: 'partial',
  };
});

// Another search has another ranking; the same one with more texts keeps it.
effect(() => {
  if (results.value !== null && results.value.asked === rankedFor) return;
  abort?.abort();
  rankedFor = null;
  reranked.value = null;
  isReranking.value = false;
  rerankError.value = null;
});

/** Ranks what is found by the reranker, which reads query and text together. */
export async function rerank(): Promise<void> {
  const body = rerankBody.value;
  const before = results.value;
  if (body === null || before === null) return;
  abort = new AbortController();
  const { signal } = abort;
  rankedFor = before.asked;
  isReranking.value = true;
  rerankError.value = null;
  try {
    const answer = await post('/v1/rerank', body, { signal, priority: 'interactive' });
    if (signal.aborted) return;
    const rowAt = (place: number) => before.found[place]?.row ?? 0;
    const order: { row: number; score: number }[] = [];
    const failed = new Map<number, string>();
    for (const item of answer.body.results) {
      const row = rowAt(item.index);
      if ('error' in item) failed.set(row, nameItem(item.error.message, `documents[${item.index}]`));
      else order.push({ row, score: item.relevance_score });
    }
    reranked.value = { before, order, failed, model: answer.body.model };
  } catch (error) {
    if (!signal.aborted) rerankError.value = asApiError(error);
  } finally {
    if (!signal.aborted) isReranking.value = false;
  }
}
