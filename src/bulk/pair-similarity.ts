import type { Metric } from '../tasks/embedding/embedder.ts';
import { scoreMatrix } from '../tasks/embedding/score-matrix.ts';
import { isRowError, type Result, type ResultSource } from './result-source.ts';

/**
 * A source of how alike the two texts of a pair are, made of one of vectors: each text of a call is embedded once.
 * @param columns names of the two, for errors.
 */
export function pairSimilarity(vectors: ResultSource, columns: readonly string[], metric: Metric): ResultSource {
  return {
    facts: { ...vectors.facts, dimensions: null },
    neighbors: 'same_first',
    get load() {
      return vectors.load;
    },
    async compute(items, signal) {
      const places = new Map<string, number>();
      for (const text of items.flat()) if (!places.has(text)) places.set(text, places.size);
      const { results, tokens } = await vectors.compute(
        [...places.keys()].map((text) => [text]),
        signal,
      );
      const of = (text: string) => results[places.get(text) as number] as Result;
      const scores: Result[] = [];
      for (const item of items) scores.push(await scoreOf(item.map(of), columns, metric));
      return { results: scores, tokens };
    },
    close: () => vectors.close(),
  };
}

async function scoreOf(sides: readonly Result[], columns: readonly string[], metric: Metric): Promise<Result> {
  for (const [i, side] of sides.entries()) {
    if (isRowError(side)) return { ...side, message: `${columns[i]}: ${side.message}` };
  }
  const [a, b] = sides as Float32Array[];
  const [score] = await scoreMatrix([a as Float32Array], [b as Float32Array], metric);
  return score as number;
}
