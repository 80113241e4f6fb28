import assert from 'node:assert/strict';
import path from 'node:path';
import { it } from 'node:test';
import { startEmbedderAndReranker } from '../support/embedder-and-reranker.ts';
import { referencePairs, rerankerFolders } from '../support/reranker-references.ts';
import type { RunningService } from '../support/running-service.ts';
import { rerankErrors } from './rerank-errors.ts';
import { runProgram } from './run-program.ts';

const TOLERANCE = 2e-6;
/** Its scores are far apart, other than those of the starter. */
const FOLDER = 'causal-plain';

/** A document's position, and its score. */
type Ranked = [index: number, score: number];

/** What a client of rerankers saw; the same from every client. */
interface RankReport {
  client: string;
  version: string;
  /** All documents, best first. */
  all: Ranked[];
  /** What the client's own way of asking for the best two gives. */
  best: Ranked[];
  /** The error where the service has no model of that name, as the client shows it; null: there was none. */
  unknownModel: { class: string; status: number | null } | null;
}

/** Texts of the reference that were scored for one query, with nothing that only some clients can say. */
const query = 'Explain gravity';
const pairs = referencePairs(FOLDER).filter(
  (pair) => pair.query === query && pair.instruction == null && pair.maxTokens === null,
);
const wanted = pairs.map(({ score }, i): Ranked => [i, score]).sort(([, a], [, b]) => b - a);

/** A command in a folder; or why it cannot be run, as a sentence. */
type Program = { command: string[]; cwd?: string } | string;

/** The starter, and the reranker of the reference, called `reranker`. */
export function startServiceThatRanks(): Promise<RunningService> {
  const model = path.join(rerankerFolders, FOLDER);
  return startEmbedderAndReranker({ reranker: { model, served_model_name: 'reranker', task: 'rerank' } });
}

/**
 * A test that runs a program with several clients, each asked to rank documents.
 * @param service of {@link startServiceThatRanks}.
 */
export function itRanks(name: string, service: () => RunningService, find: () => Program): void {
  it(`${name}: scores and order of the reference, the best two, their own errors`, async (t) => {
    const program = find();
    if (typeof program === 'string') {
      t.skip(program);
      return;
    }
    const task = { serviceUrl: service().url, query, documents: pairs.map(({ document }) => document) };
    const reports = (await runProgram(program.command, task, program.cwd)) as RankReport[];
    assert.ok(reports.length > 0);
    for (const { client, version, all, best, unknownModel } of reports) {
      t.diagnostic(`${client} ${version}`);
      checkRanking(all, wanted, client);
      checkRanking(best, wanted.slice(0, 2), client);
      assert.deepEqual(unknownModel, rerankErrors[client], client);
    }
  });
}

function checkRanking(ranked: Ranked[], reference: Ranked[], client: string): void {
  const order = (list: Ranked[]) => list.map(([index]) => index);
  assert.deepEqual(order(ranked), order(reference), client);
  for (const [i, [, score]] of reference.entries()) {
    const difference = Math.abs((ranked[i]?.[1] ?? Number.NaN) - score);
    assert.ok(difference <= TOLERANCE, `${client}: score ${i} differs by ${difference}`);
  }
}
