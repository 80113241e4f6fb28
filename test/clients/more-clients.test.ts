import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { largestDifference } from '../support/difference.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { texts } from './client-stand.ts';
import { itRanks } from './it-ranks.ts';
import { type MoreReport, moreClients, moreRerankers, prepare } from './more-clients.ts';
import { startServiceThatRanks } from './ranked-reference.ts';

/** More than OpenAI lets one request have; clients of Ollama send them all at once. */
const MANY = 3_000;

describe('More clients', { skip: process.env.HOTVEC_MORE_CLIENTS !== '1' && 'run by `npm run test:clients`' }, () => {
  let service: RunningService;
  let withReranker: RunningService;
  before(async () => {
    service = await startService();
    withReranker = await startServiceThatRanks();
  });
  after(() => Promise.all([service.close(), withReranker.close()]));

  for (const clients of moreClients) {
    it(`${clients.name}: vectors of the reference, ${MANY} texts`, async (t) => {
      const program = prepare(clients);
      if (typeof program === 'string') {
        t.skip(program);
        return;
      }
      const [command = '', ...args] = program.command;
      const child = spawn(command, args, { cwd: program.cwd, stdio: ['pipe', 'pipe', 'inherit'] });
      const given = texts.map((one) => one.text);
      const many = Array.from({ length: MANY }, (_, i) => `${given[i % given.length]} ${i}`);
      child.stdin.end(JSON.stringify({ serviceUrl: service.url, texts: given, many }));
      // Maven writes something of its own around it.
      const [answer] = /^\[\{.*\]$/m.exec((await text(child.stdout)).replaceAll('\u001b[0m', '')) ?? [];
      assert.ok(answer !== undefined, 'the program ended without a report');
      for (const { client, version, vectors, many: got } of JSON.parse(answer) as MoreReport[]) {
        t.diagnostic(`${client} ${version}`);
        assert.equal(vectors.length, texts.length, client);
        for (const [i, vector] of vectors.entries()) {
          const difference = largestDifference(vector, texts[i]?.vector as number[]);
          assert.ok(difference < 2e-6, `${client}: vector ${i} differs by ${difference}`);
        }
        assert.equal(got, MANY, client);
      }
    });
  }

  itRanks(
    moreRerankers.name,
    () => withReranker,
    () => prepare(moreRerankers),
  );
});
