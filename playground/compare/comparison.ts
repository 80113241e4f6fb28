import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { SimilarityRequest, TokenizeRequest } from '../api/api-types.ts';
import { type LatestAnswer, latestAnswer } from '../api/latest-answer.ts';
import { embedder } from '../api/models.ts';
import { type PromptKind, promptKinds } from '../fields/prompt-kinds.ts';
import { exampleDocuments, exampleQueries } from './example.ts';
import { readLines } from './text-lines.ts';

/** Texts of a side that are compared; more could neither be read on screen nor told apart. */
export const MOST_TEXTS = 50;
/** Nobody types the next letter, or moves the slider on, so late. */
const PAUSE_MS = 250;

export type Side = 'queries' | 'documents';
export type Metric = NonNullable<SimilarityRequest['metric']>;

export const values: Record<Side, ReturnType<typeof signal<string>>> = {
  queries: signal(exampleQueries),
  documents: signal(exampleDocuments),
};
/** What the user chose of prompts; null: as the API does by itself. */
export const chosenKinds = { queries: signal<PromptKind | null>(null), documents: signal<PromptKind | null>(null) };
/** The user's own task for queries; empty: none. */
export const instruction = signal('');
export const metric = signal<Metric>('cosine');
/** Components of a vector; null: as many as the model gives. */
export const dimensions = signal<number | null>(null);

// A model that is chosen gives what it can: a size that only the one before could have goes with it.
const modelId = computed(() => embedder.value?.id);
effect(() => {
  if (modelId.value === undefined) return;
  const { dimensions: most = 0, min_dimensions: least = most } = embedder.peek() ?? {};
  const size = dimensions.peek();
  if (size !== null && (size < least || size > most)) dimensions.value = null;
});

export const lines = {
  queries: computed(() => readLines(values.queries.value ?? '', MOST_TEXTS)),
  documents: computed(() => readLines(values.documents.value ?? '', MOST_TEXTS)),
};

/** The prompt of each side: the chosen one where this model has it. */
export const kinds: Record<Side, ReadonlySignal<PromptKind>> = {
  queries: computed(() => kindOf('queries')),
  documents: computed(() => kindOf('documents')),
};

function kindOf(side: Side): PromptKind {
  const available = promptKinds(side, embedder.value?.prompts ?? {});
  const chosen = chosenKinds[side].value;
  return chosen !== null && available.includes(chosen) ? chosen : (available[0] as PromptKind);
}

const own = computed(() => instruction.value.trim());

/** What is on screen, as a request; null: a side has no text, or no model is served. */
export const similarityBody = computed((): SimilarityRequest | null => {
  const model = embedder.value;
  const queries = lines.queries.value.texts;
  const documents = lines.documents.value.texts;
  if (model === null || queries.length === 0 || documents.length === 0) return null;
  const [ofQueries, ofDocuments] = [kinds.queries.value, kinds.documents.value];
  return {
    model: model.id,
    queries: [...queries],
    documents: [...documents],
    ...(ofQueries === 'default' ? {} : { query_input_type: ofQueries }),
    ...(ofDocuments === 'default' ? {} : { document_input_type: ofDocuments }),
    ...(own.value === '' ? {} : { instruction: own.value }),
    ...(metric.value === 'cosine' ? {} : { metric: metric.value }),
    ...(dimensions.value === null ? {} : { dimensions: dimensions.value }),
  };
});

export const similarity = latestAnswer('/v1/similarity', similarityBody, PAUSE_MS);

/** What is really put before the texts of each side: the server says it of a text. */
export const prompts: Record<Side, LatestAnswer<'/v1/tokenize'>> = {
  queries: latestAnswer('/v1/tokenize', promptBody('queries'), PAUSE_MS),
  documents: latestAnswer('/v1/tokenize', promptBody('documents'), PAUSE_MS),
};

function promptBody(side: Side): ReadonlySignal<TokenizeRequest | null> {
  return computed(() => {
    const model = embedder.value;
    if (model === null) return null;
    const kind = kinds[side].value;
    const hasInstruction = side === 'queries' && own.value !== '';
    return {
      model: model.id,
      input: 'x',
      ...(kind === 'default' ? {} : { input_type: kind }),
      ...(hasInstruction ? { instruction: own.value } : {}),
      return_pieces: true,
    };
  });
}
