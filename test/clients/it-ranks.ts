import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RunningService } from '../support/running-service.ts';
import { checkRanking, documents, query, type Ranked, rankedByReference } from './ranked-reference.ts';
import { rerankErrors } from './rerank-errors.ts';
import { runProgram } from './run-program.ts';

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

/** A command in a folder; or why it cannot be run, as a sentence. */
type Program = { command: string[]; cwd?: string } | string;

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
    const task = { serviceUrl: service().url, query, documents };
    const reports = (await runProgram(program.command, task, program.cwd)) as RankReport[];
    assert.ok(reports.length > 0);
    for (const { client, version, all, best, unknownModel } of reports) {
      t.diagnostic(`${client} ${version}`);
      checkRanking(all, rankedByReference, client);
      checkRanking(best, rankedByReference.slice(0, 2), client);
      assert.deepEqual(unknownModel, rerankErrors[client], client);
    }
  });
}
