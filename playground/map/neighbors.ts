import { effect, signal } from '@preact/signals';
import { chosen, mapped } from './map-state.ts';

export interface Neighbor {
  point: number;
  /** Cosine of the angle between the two vectors, in all dimensions. */
  similarity: number;
}

/** How many are shown. */
export const SHOWN_NEIGHBORS = 10;

/** Of the chosen point, the nearest first; null: not there yet. */
export const neighbors = signal<readonly Neighbor[] | null>(null);

effect(() => {
  const point = chosen.value;
  const texts = mapped.value;
  neighbors.value = null;
  if (point === null || texts === null) return;
  const abort = new AbortController();
  void texts.vectors.ask('closest', { row: point, each: SHOWN_NEIGHBORS }, { signal: abort.signal }).then(
    ({ indices, similarities }) => {
      neighbors.value = Array.from(indices, (index, i) => ({ point: index, similarity: similarities[i] as number }));
    },
    (error: unknown) => {
      if (!abort.signal.aborted) throw error;
    },
  );
  return () => abort.abort();
});
