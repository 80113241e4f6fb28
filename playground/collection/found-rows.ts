import { signal } from '@preact/signals';

/** What Search found: where it lies, Map shows. */
export interface FoundRows {
  /** The collection, and the model whose vectors were compared. */
  id: string;
  fingerprint: string;
  query: string;
  /** Rows of the collection with their cosine similarity, best first. */
  found: readonly { row: number; score: number }[];
}

/** What is searched for now; null: nothing. */
export const foundRows = signal<FoundRows | null>(null);
