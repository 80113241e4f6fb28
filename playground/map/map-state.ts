import { computed, signal } from '@preact/signals';
import { type Collection, collection } from '../collection/collection.ts';
import { FEWEST_FOR_UMAP } from './computing/umap-plan.ts';
import type { VectorStore } from './computing/vector-store.ts';
import type { Layout } from './layout.ts';

/** The texts that the map shows, as they were when it was drawn. */
export interface MappedTexts {
  of: Collection;
  /** Of each point its row in the collection: those that had a vector. */
  rows: Uint32Array;
  vectors: VectorStore;
}

export type LayoutName = 'pca' | 'umap';

/** What is being computed; `done`: the part of it, 0 to 1, where it is known. */
export interface Work {
  step: 'vectors' | 'pca' | 'neighbors' | 'umap';
  done: number | null;
}

export const mapped = signal<MappedTexts | null>(null);
/**
 * `explained`: the part of all variance that is along the two components. `areAlike`: there is no variance but rounding, and all
 * points are at one place.
 */
export const pca = signal<(Layout & { explained: number; areAlike: boolean }) | null>(null);
/** As far as it has come; fewer than `epochs` when it was stopped. */
export const umap = signal<(Layout & { epoch: number; epochs: number }) | null>(null);
export const work = signal<Work | null>(null);
/** Why there is no map, or no better one. */
export const problem = signal<string | null>(null);
/** What the user wants to see; UMAP is shown as soon as it has something to show. */
export const wanted = signal<LayoutName>('umap');
/** Whether somebody looks: nothing is computed for a section that is not open. */
export const isLookedAt = signal(false);
/** The point that is pointed at, or that the keyboard is at. */
export const pointed = signal<number | null>(null);
/** The point whose neighbors are shown. */
export const chosen = signal<number | null>(null);

export const shown = computed((): LayoutName => (wanted.value === 'umap' && umap.value !== null ? 'umap' : 'pca'));
/** Whether there are neighborhoods that UMAP could show: what is all alike it would spread at random. */
export const hasUmap = computed(
  () => (mapped.value?.rows.length ?? 0) >= FEWEST_FOR_UMAP && pca.value !== null && !pca.value.areAlike,
);
export const layout = computed((): Layout | null => (shown.value === 'umap' ? umap.value : pca.value));
/** Texts that have got their vector since the map was drawn. */
export const newTexts = computed(() => {
  const open = collection.value;
  if (open === null || mapped.value === null || mapped.value.of.id !== open.id) return 0;
  return open.embedded - open.failed.size - mapped.value.rows.length;
});

/** The text of a point. */
export function textOf({ of, rows }: MappedTexts, point: number): string {
  return of.texts[rows[point] as number] ?? '';
}
