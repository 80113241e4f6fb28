import path from 'node:path';
import { after, before, describe } from 'node:test';
import { type RunningService, startService } from '../support/running-service.ts';
import { clients } from './clients.ts';
import { examples } from './examples.ts';
import { type InstalledClients, installClients } from './install-clients.ts';
import { itRanks } from './it-ranks.ts';
import { itPrints, itServes } from './it-serves.ts';
import { startServiceThatRanks } from './ranked-reference.ts';

/** Clients and examples are programs of their own, so that they run on the Node that they need. */
describe('Clients and examples for JavaScript', { concurrency: 2 }, () => {
  let service: RunningService;
  let withReranker: RunningService;
  let installed: InstalledClients | string;
  before(async () => {
    installed = installClients();
    service = await startService();
    withReranker = await startServiceThatRanks();
  });
  after(() => Promise.all([service.close(), withReranker.close()]));

  for (const client of clients.filter(({ needs, ownPackages }) => needs === undefined && ownPackages !== true)) {
    itServes(
      client,
      () => service,
      () => nodeCommand(client.program),
    );
  }

  itRanks(
    'rerankers of cohere-ai, @ai-sdk/cohere, @langchain/cohere, @llamaindex/cohere',
    () => withReranker,
    () => {
      const command = nodeCommand('javascript/rerank.mjs');
      return typeof command === 'string' ? command : { command };
    },
  );

  for (const example of examples.filter(({ command }) => command === 'node')) {
    itPrints(
      example,
      () => withReranker,
      () => nodeCommand(`examples/${example.program}`),
    );
  }

  function nodeCommand(program: string): string[] | string {
    return typeof installed === 'string' ? installed : [installed.node, path.join(installed.folder, program)];
  }
});
