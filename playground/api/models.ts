import { computed, signal } from '@preact/signals';
import { ApiError } from './api-error.ts';
import type { Model } from './api-types.ts';
import { fetchModels } from './server.ts';

/** What the server has; null until it has said so. */
export const models = signal<readonly Model[] | null>(null);
export const modelsError = signal<ApiError | null>(null);
const chosenEmbedder = signal<string | null>(null);
const chosenReranker = signal<string | null>(null);

export const embedders = computed(() => (models.value ?? []).filter(({ task }) => task === 'embed'));
export const rerankers = computed(() => (models.value ?? []).filter(({ task }) => task === 'rerank'));
/** What the sections ask: the chosen one, else the first; null where none is served. */
export const embedder = computed(() => chosen(embedders.value, chosenEmbedder.value));
export const reranker = computed(() => chosen(rerankers.value, chosenReranker.value));

export function chooseEmbedder(id: string): void {
  chosenEmbedder.value = id;
}

export function chooseReranker(id: string): void {
  chosenReranker.value = id;
}

/** Asks what is served, again when a key was given or the server restarted. */
export async function loadModels(): Promise<void> {
  try {
    models.value = (await fetchModels()).data;
    modelsError.value = null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    modelsError.value = error;
  }
}

function chosen(all: readonly Model[], id: string | null): Model | null {
  return all.find((model) => model.id === id) ?? all[0] ?? null;
}
