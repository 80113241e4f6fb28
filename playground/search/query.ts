import { batch, computed, effect, signal } from '@preact/signals';
import type { ApiError } from '../api/api-error.ts';
import type { EmbeddingsRequest } from '../api/api-types.ts';
import { models } from '../api/models.ts';
import { post } from '../api/server.ts';
import { collection } from '../collection/collection.ts';
import { decodeVector } from '../collection/decode-vector.ts';
import { foundRows } from '../collection/found-rows.ts';
import { servedAs } from '../collection/ready-embedder.ts';
import { asApiError } from '../fields/error-message.tsx';
import type { Found } from './exact-search.ts';
import { findNearest, searchableRows } from './vector-search.ts';

/** How many are shown, and ranked again. */
export const MOST_RESULTS = 50;
/** Nobody types the next letter so late. */
const PAUSE_OF_TYPING_MS = 150;

/** What was asked, of what: another search is another object. */
export interface AskedQuery {
  query: string;
  /** The user's own; empty: the model's. */
  instruction: string;
  vector: Float32Array;
}

export interface SearchResults {
  asked: AskedQuery;
  /** Best first. */
  found: readonly Found[];
  /** Rows that were compared, and the milliseconds it took. */
  rows: number;
  ms: number;
}

export const query = signal('');
/** The user's own; empty: the model's. */
export const instruction = signal('');
export const searchError = signal<ApiError | null>(null);
/** The newest, until those of another query are there; null: nothing is asked. */
export const results = signal<SearchResults | null>(null);
const askedQuery = signal<AskedQuery | null>(null);

/** Whether what is shown was found for another query than is typed. */
export const isBehind = computed(() => {
  const asked = results.value?.asked;
  return asked !== undefined && (asked.query !== query.value || asked.instruction !== instruction.value.trim());
});

const openId = computed(() => collection.value?.id ?? null);
const openFingerprint = computed(() => collection.value?.fingerprint ?? '');

/** The model of the collection as it is served now; null: it is not. */
export const searchedModel = computed(() => {
  const name = openId.value === null ? null : servedAs(openFingerprint.value);
  return models.value?.find(({ id }) => id === name) ?? null;
});

/** The request for the query's vector; null: there is nothing to ask. */
export const queryBody = computed((): EmbeddingsRequest | null => {
  const model = searchedModel.value;
  if (model === null || query.value.trim() === '') return null;
  const own = instruction.value.trim();
  const prompt =
    own !== '' ? { instruction: own } : 'query' in (model.prompts ?? {}) ? { input_type: 'query' as const } : {};
  return { model: model.id, input: query.value, ...prompt, encoding_format: 'base64', normalize: true };
});

/** As text: the same request is not another one when the models were listed again. */
const queryKey = computed(() => JSON.stringify(queryBody.value));

/** What a query must fit; not the collection itself, which is another with each answer while it is embedded. */
const openFacts = computed(() => ({
  id: openId.value,
  fingerprint: openFingerprint.value,
  dimensions: collection.peek()?.dimensions ?? 0,
}));

// What was found in other texts, or by another model's vectors, is not found in these.
effect(() => {
  void [openId.value, openFingerprint.value];
  batch(() => {
    askedQuery.value = null;
    results.value = null;
  });
});

// Embeds the query a moment after the last letter; an answer to what is no longer asked is dropped.
effect(() => {
  void queryKey.value;
  const body = queryBody.peek();
  const { id, fingerprint, dimensions } = openFacts.value;
  if (body === null || id === null) {
    batch(() => {
      askedQuery.value = null;
      results.value = null;
      searchError.value = null;
    });
    return;
  }
  const abort = new AbortController();
  const ask = async () => {
    try {
      const answer = await post('/v1/embeddings', body, {
        signal: abort.signal,
        priority: 'interactive',
        expectFingerprint: fingerprint,
      });
      if (abort.signal.aborted) return;
      const item = answer.body.data[0];
      if (item === undefined || 'error' in item) return;
      const vector = new Float32Array(dimensions);
      decodeVector(item.embedding as string, vector, 0);
      searchError.value = null;
      askedQuery.value = { query: body.input as string, instruction: body.instruction ?? '', vector };
    } catch (error) {
      if (abort.signal.aborted) return;
      searchError.value = asApiError(error);
    }
  };
  const timer = setTimeout(ask, PAUSE_OF_TYPING_MS);
  return () => {
    clearTimeout(timer);
    abort.abort();
  };
});

// The map marks where it lies.
effect(() => {
  foundRows.value =
    results.value === null
      ? null
      : {
          id: openId.peek() ?? '',
          fingerprint: openFingerprint.peek(),
          query: results.value.asked.query,
          found: results.value.found,
        };
});

let isFinding = false;
// Compares it with the vectors, again when there are more of them.
effect(() => {
  if (askedQuery.value !== null && searchableRows.value > 0 && !isFinding) void find();
});

async function find(): Promise<void> {
  isFinding = true;
  for (;;) {
    const asked = askedQuery.peek();
    const rowsThere = searchableRows.peek();
    if (asked === null || rowsThere === 0) break;
    const { found, rows, ms } = await findNearest(asked.vector, MOST_RESULTS);
    if (askedQuery.peek() === asked) {
      results.value = { asked, found, rows, ms };
      if (searchableRows.peek() === rowsThere) break;
    }
  }
  isFinding = false;
}
