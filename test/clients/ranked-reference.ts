import assert from 'node:assert/strict';
import path from 'node:path';
import { startEmbedderAndReranker } from '../support/embedder-and-reranker.ts';
import { referencePairs, rerankerFolders } from '../support/reranker-references.ts';
import type { RunningService } from '../support/running-service.ts';

const TOLERANCE = 2e-6;
/** Its scores are far apart, other than those of the starter. */
const FOLDER = 'causal-plain';

/** A document's position, and its score. */
export type Ranked = [index: number, score: number];

/** Texts of the reference that were scored for one query, with nothing that only some clients can say. */
export const query = 'Explain gravity';
const pairs = referencePairs(FOLDER).filter(
  (pair) => pair.query === query && pair.instruction == null && pair.maxTokens === null,
);
export const documents = pairs.map(({ document }) => document);
/** What PyTorch makes of them, best first. */
export const rankedByReference = pairs.map(({ score }, i): Ranked => [i, score]).sort(([, a], [, b]) => b - a);

/** What `npm start` serves, which the examples use, and before its reranker that of the reference, called `reranker`. */
export function startServiceThatRanks(): Promise<RunningService> {
  const model = path.join(rerankerFolders, FOLDER);
  return startEmbedderAndReranker({
    reranker: { model, served_model_name: 'reranker', task: 'rerank' },
    others: [{ model: 'starter-reranker' }],
  });
}

/**
 * Compares order and scores.
 * @throws {AssertionError} naming the client.
 */
export function checkRanking(ranked: Ranked[], reference: Ranked[], client: string): void {
  const order = (list: Ranked[]) => list.map(([index]) => index);
  assert.deepEqual(order(ranked), order(reference), client);
  for (const [i, [, score]] of reference.entries()) {
    const difference = Math.abs((ranked[i]?.[1] ?? Number.NaN) - score);
    assert.ok(difference <= TOLERANCE, `${client}: score ${i} differs by ${difference}`);
  }
}
