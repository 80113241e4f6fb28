import { computed } from '@preact/signals';
import { foundRows } from '../collection/found-rows.ts';
import { mapped } from './map-state.ts';

/** A text that Search found, where the map has it. */
export interface Hit {
  point: number;
  /** Among all that was found, from 1. */
  rank: number;
  similarity: number;
}

export interface Hits {
  query: string;
  /** The best first. */
  hits: readonly Hit[];
}

/** As many as are told apart on a map; Search lists more. */
export const SHOWN_HITS = 10;

/** The best of what is searched for in the texts of the map; null: nothing is. */
export const hits = computed((): Hits | null => {
  const now = foundRows.value;
  const texts = mapped.value;
  if (now === null || texts === null) return null;
  if (now.id !== texts.of.id || now.fingerprint !== texts.of.fingerprint) return null;
  const found: Hit[] = [];
  for (const [place, { row, score }] of now.found.slice(0, SHOWN_HITS).entries()) {
    const point = texts.rows.indexOf(row);
    // It may have got its vector after the map was drawn.
    if (point >= 0) found.push({ point, rank: place + 1, similarity: score });
  }
  return { query: now.query, hits: found };
});
