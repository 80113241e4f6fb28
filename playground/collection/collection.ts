import { signal } from '@preact/signals';

/** Texts with their vectors: what Search finds in and Map draws. It stays in the browser. */
export interface Collection {
  /** Another for each file that is opened, the same after a reload. */
  id: string;
  /** For people: the file it came from. */
  name: string;
  /** Served name of the model, and its fingerprint: vectors of another are not compared with these. */
  model: string;
  fingerprint: string;
  dimensions: number;
  texts: readonly string[];
  /** What the file calls them. */
  textName: string;
  /** Columns of the file beside the text, each with a value for every text. */
  columns: Readonly<Record<string, readonly string[]>>;
  /** Row-major [texts, dimensions], unit length; zero as yet from row `embedded` on, and zero in rows that failed. */
  vectors: Float32Array;
  /** Texts that were embedded, or failed: the first ones. */
  embedded: number;
  /** Rows below `embedded` that have no vector, with the API's words for it. */
  failed: ReadonlyMap<number, string>;
}

/** The one that is open; null: none. A new object at each change; `vectors` is written in place. */
export const collection = signal<Collection | null>(null);
