import type { Item } from './result-source.ts';

/** Documents of a request: what they have in common is computed once in each. */
const MOST_DOCUMENTS = 256;
/** UTF-16 units that a query adds to its documents together: below what a request may have. */
const MOST_REPEATED_UNITS = 2 ** 22;

/** Pairs with one query: what a reranker is asked at a time. */
export interface QueryGroup {
  query: string;
  documents: readonly string[];
  /** Of the pairs, among the items. */
  places: readonly number[];
}

/** Divides pairs of query and document by their query. */
export function groupByQuery(items: readonly Item[]): QueryGroup[] {
  const byQuery = new Map<string, number[]>();
  for (const [i, [query = '']] of items.entries()) {
    const places = byQuery.get(query);
    if (places === undefined) byQuery.set(query, [i]);
    else places.push(i);
  }
  return [...byQuery].flatMap(([query, all]) => {
    const most = Math.max(1, Math.min(MOST_DOCUMENTS, Math.floor(MOST_REPEATED_UNITS / (query.length + 1))));
    return Array.from({ length: Math.ceil(all.length / most) }, (_, n) => {
      const places = all.slice(n * most, (n + 1) * most);
      return { query, documents: places.map((place) => items[place]?.[1] ?? ''), places };
    });
  });
}
