import type { Server } from './api-server.ts';
import { largestDifference } from './gate.ts';
import { type FoundReranker, rerank } from './rerank-server.ts';

/** What two servers made of the same pairs. */
export interface ScoreAgreement {
  /** Largest difference of the two servers' scores of a pair. */
  betweenServers: number;
  /** Pairs of documents that the servers rank in opposite order, of how many. */
  swapped: number;
  compared: number;
  /** For each server, the largest difference of a score alone and among the scores of all. */
  aloneAndTogether: readonly [number, number];
}

/** Ranks the documents on both servers, in one request and one by one. @throws {ServerError} */
export async function compareScores(
  servers: readonly [Server, Server],
  found: readonly [FoundReranker, FoundReranker],
  { query, documents }: { query: string; documents: readonly string[] },
): Promise<ScoreAgreement> {
  const together = async (i: 0 | 1) => rerank(servers[i], found[i], query, documents);
  const [a, b] = [await together(0), await together(1)];
  const differenceAlone = async (i: 0 | 1, scores: Float64Array) => {
    const alone: number[] = [];
    for (const document of documents) alone.push(...(await rerank(servers[i], found[i], query, [document])));
    return largestDifference(alone, scores);
  };
  return {
    betweenServers: largestDifference(a, b),
    ...countSwapped(a, b),
    aloneAndTogether: [await differenceAlone(0, a), await differenceAlone(1, b)],
  };
}

/** What is wrong with the scores: one line each; none: the servers may be compared. */
export function judgeScores(
  servers: readonly [Server, Server],
  { betweenServers, swapped, compared, aloneAndTogether }: ScoreAgreement,
  tolerance: number,
): string[] {
  const complaints = servers.flatMap(({ name }, i) => {
    const difference = aloneAndTogether[i] as number;
    if (difference <= tolerance) return [];
    return [`${name} gives a document another score among others than alone: they differ by ${difference.toFixed(6)}.`];
  });
  if (betweenServers <= tolerance) return complaints;
  const [a, b] = servers;
  const order =
    swapped === 0 ? 'the order is the same' : `${swapped} of ${compared} pairs of documents are in another order`;
  return [
    ...complaints,
    `The scores of ${a.name} and ${b.name} differ by up to ${betweenServers.toFixed(6)}, expected at most ${tolerance}; ${order}. Are models, templates and precisions the same?`,
  ];
}

/** Documents with the same score on a server are in no order there. */
function countSwapped(a: Float64Array, b: Float64Array): { swapped: number; compared: number } {
  let swapped = 0;
  let compared = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = i + 1; j < a.length; j++) {
      const order = (scores: Float64Array) => Math.sign((scores[i] as number) - (scores[j] as number));
      compared += 1;
      if (order(a) * order(b) < 0) swapped += 1;
    }
  }
  return { swapped, compared };
}
