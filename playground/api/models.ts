import { batch, computed, effect, signal } from '@preact/signals';
import { ApiError } from './api-error.ts';
import type { Model } from './api-types.ts';
import { fetchModels, modelDoubts } from './server.ts';

/** What the server has; null until it has said so. */
export const models = signal<readonly Model[] | null>(null);
export const modelsError = signal<ApiError | null>(null);
/** Names under which another model is served than before, or none. */
export const changedModels = signal<readonly string[]>([]);
const chosenEmbedder = signal<string | null>(null);
const chosenReranker = signal<string | null>(null);

export const embedders = computed(() => (models.value ?? []).filter(({ task }) => task === 'embed'));
export const rerankers = computed(() => (models.value ?? []).filter(({ task }) => task === 'rerank'));
/** What the sections ask: the chosen one, else the first; null where none is served. */
export const embedder = computed(() => chosen(embedders.value, chosenEmbedder.value));
export const reranker = computed(() => chosen(rerankers.value, chosenReranker.value));
/** Whether the server has said that it has no model that makes vectors. */
export const isWithoutEmbedder = computed(() => models.value !== null && embedder.value === null);

/** A model that is being loaded has no fingerprint yet. */
const LOADING_MS = 1000;

/** The last known of each name. */
const fingerprints = new Map<string, string>();
let underWay: Promise<void> | null = null;
let again: ReturnType<typeof setTimeout> | undefined;

export function chooseEmbedder(id: string): void {
  chosenEmbedder.value = id;
}

export function chooseReranker(id: string): void {
  chosenReranker.value = id;
}

/** Asks what is served; until all of it is loaded, again and again. */
export function loadModels(): Promise<void> {
  clearTimeout(again);
  underWay ??= load().finally(() => {
    underWay = null;
  });
  return underWay;
}

async function load(): Promise<void> {
  try {
    const { data } = await fetchModels();
    batch(() => {
      const changed = data.filter(isAnother).map(({ id }) => id);
      const gone = (models.value ?? []).map(({ id }) => id).filter((id) => data.every((model) => model.id !== id));
      for (const { id, fingerprint } of data) if (fingerprint !== null) fingerprints.set(id, fingerprint);
      if (changed.length + gone.length > 0) changedModels.value = [...changed, ...gone];
      // The same list is no news: what is asked of a model is not asked again.
      if (JSON.stringify(data) !== JSON.stringify(models.peek())) models.value = data;
      modelsError.value = null;
    });
    if (data.some(({ fingerprint }) => fingerprint === null)) again = setTimeout(loadModels, LOADING_MS);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    modelsError.value = error;
  }
}

effect(() => {
  if (modelDoubts.value > 0) void loadModels();
});

/** Whether vectors of before are not comparable with those of the model that has the name now. */
function isAnother({ id, fingerprint }: Model): boolean {
  const before = fingerprints.get(id);
  return before !== undefined && fingerprint !== null && fingerprint !== before;
}

function chosen(all: readonly Model[], id: string | null): Model | null {
  return all.find((model) => model.id === id) ?? all[0] ?? null;
}
