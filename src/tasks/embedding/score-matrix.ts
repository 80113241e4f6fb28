import { setImmediate } from 'node:timers/promises';
import { cosine } from './cosine.ts';
import type { Metric } from './embedder.ts';

/** Multiply–adds between two yields: a few milliseconds. */
const WORK_PER_SLICE = 2_000_000;

/** Larger is more alike in every metric: distances are negated, as sentence-transformers does (util/similarity.py). */
const SCORE: Record<Metric, (a: Float32Array, b: Float32Array) => number> = {
  // Rounding may carry a text's similarity to itself past 1; what has no direction is like nothing.
  cosine: (a, b) => Math.min(1, Math.max(-1, cosine(a, b) || 0)),
  dot: (a, b) => {
    let dot = 0;
    for (let i = 0; i < a.length; i++) dot += (a[i] as number) * (b[i] as number);
    return dot;
  },
  euclidean: (a, b) => {
    let squares = 0;
    for (let i = 0; i < a.length; i++) squares += ((a[i] as number) - (b[i] as number)) ** 2;
    return -Math.sqrt(squares);
  },
  manhattan: (a, b) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
    return -sum;
  },
};

/**
 * Scores every query against every document.
 * @returns row-major [queries, documents]. The event loop is let in every few milliseconds.
 */
export async function scoreMatrix(
  queries: readonly Float32Array[],
  documents: readonly Float32Array[],
  metric: Metric,
): Promise<Float32Array> {
  const score = SCORE[metric];
  const scores = new Float32Array(queries.length * documents.length);
  let work = 0;
  for (const [i, query] of queries.entries()) {
    for (const [j, document] of documents.entries()) {
      scores[i * documents.length + j] = score(query, document);
      work += query.length;
      if (work > WORK_PER_SLICE) {
        work = 0;
        await setImmediate();
      }
    }
  }
  return scores;
}
