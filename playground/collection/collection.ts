import { signal } from '@preact/signals';

/** Texts with their vectors: what Search finds in and Map draws. It stays in the browser. */
export interface Collection {
  /** For people: the file it came from. */
  name: string;
  /** Served name of the model, and its fingerprint: vectors of another are not compared with these. */
  model: string;
  fingerprint: string;
  dimensions: number;
  texts: readonly string[];
  /** Columns of the file beside the text, each with a value for every text. */
  columns: Readonly<Record<string, readonly string[]>>;
  /** Row-major [texts, dimensions], unit length; rows from `embedded` on are zero as yet. */
  vectors: Float32Array;
  /** Texts that have their vector, the first ones. */
  embedded: number;
}

/** The one that is open; null: none. A new object at each change; `vectors` is written in place. */
export const collection = signal<Collection | null>(null);
