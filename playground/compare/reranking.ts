import { batch, computed, effect, signal } from '@preact/signals';
import type { ApiError } from '../api/api-error.ts';
import type { RerankRequest } from '../api/api-types.ts';
import { reranker } from '../api/models.ts';
import { post } from '../api/server.ts';
import { asApiError } from '../fields/error-message.tsx';
import { instruction, lines } from './comparison.ts';

/** Pairs that are scored unasked: a reranker runs its model for each. */
const MOST_PAIRS_UNASKED = 100;
/** Queries that are asked at once. */
const AT_ONCE = 4;
const PAUSE_MS = 400;
/** A large matrix takes a while to be drawn; its rows are shown as they come, but not one by one. */
const DRAW_EVERY_MS = 500;

/** What is scored: a query is a request. */
export interface RerankedTexts {
  model: string;
  queries: readonly string[];
  documents: readonly string[];
  /** null: the model takes none, or the user has none. */
  instruction: string | null;
}

export interface Reranking {
  texts: RerankedTexts;
  /** Queries × documents; null: not yet scored. */
  scores: readonly (readonly (number | null)[])[];
  /** Queries that are scored. */
  done: number;
}

/** The texts on screen; null: no reranker is served, or a side has no text. */
export const rerankedTexts = computed((): RerankedTexts | null => {
  const model = reranker.value;
  const queries = lines.queries.value.texts;
  const documents = lines.documents.value.texts;
  if (model === null || queries.length === 0 || documents.length === 0) return null;
  const own = instruction.value.trim();
  const takesInstruction = model.default_instruction != null;
  return { model: model.id, queries, documents, instruction: takesInstruction && own !== '' ? own : null };
});

/** The texts that the user wants to be scored, however many pairs they are. */
const wanted = signal<RerankedTexts | null>(null);
export const reranking = signal<Reranking | null>(null);
export const rerankError = signal<ApiError | null>(null);
/** Which query the error is of. */
export const failedQuery = signal(0);

/** Whether the pairs wait for the user's word. */
export const needsWord = computed(() => {
  const texts = rerankedTexts.value;
  if (texts === null || texts === wanted.value) return false;
  return texts.queries.length * texts.documents.length > MOST_PAIRS_UNASKED;
});

export function rerankAll(): void {
  wanted.value = rerankedTexts.value;
}

/** The request that scores a query against all documents. */
export function rerankBody(texts: RerankedTexts, row: number): RerankRequest {
  const { model, queries, documents } = texts;
  const own = texts.instruction === null ? {} : { instruction: texts.instruction };
  return { model, query: queries[row] ?? '', documents: [...documents], ...own };
}

// Scores the pairs on screen, a moment after they changed last; what is no longer on screen is dropped.
effect(() => {
  const texts = rerankedTexts.value;
  const isWanted = !needsWord.value;
  batch(() => {
    rerankError.value = null;
    if (texts === null || !isWanted) reranking.value = null;
  });
  if (texts === null || !isWanted) return;
  const abort = new AbortController();
  const timer = setTimeout(() => void score(texts, abort), PAUSE_MS);
  return () => {
    clearTimeout(timer);
    abort.abort();
  };
});

async function score(texts: RerankedTexts, abort: AbortController): Promise<void> {
  const { queries, documents } = texts;
  const scores: (number | null)[][] = queries.map(() => documents.map(() => null));
  let next = 0;
  let done = 0;
  let shownAt = Number.NEGATIVE_INFINITY;
  const show = () => {
    const isLast = done === queries.length;
    if (abort.signal.aborted || (!isLast && performance.now() - shownAt < DRAW_EVERY_MS)) return;
    shownAt = performance.now();
    reranking.value = { texts, scores: scores.map((row) => [...row]), done };
  };
  const work = async () => {
    for (let row = next++; row < queries.length; row = next++) {
      const { body } = await post('/v1/rerank', rerankBody(texts, row), { signal: abort.signal }).catch((error) => {
        if (!abort.signal.aborted) failedQuery.value = row;
        throw error;
      });
      for (const result of body.results) {
        if ('relevance_score' in result) (scores[row] as (number | null)[])[result.index] = result.relevance_score;
      }
      done += 1;
      show();
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } catch (error) {
    if (abort.signal.aborted) return;
    abort.abort();
    rerankError.value = asApiError(error);
  }
}
