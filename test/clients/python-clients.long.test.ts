import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { findPython } from '../support/find-python.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { clients } from './clients.ts';
import { examples, examplesFolder } from './examples.ts';
import { itRanks } from './it-ranks.ts';
import { itRunsBatches } from './it-runs-batches.ts';
import { itPrints, itServes } from './it-serves.ts';
import { startServiceThatRanks } from './ranked-reference.ts';

describe('Python clients and examples', { concurrency: 2 }, () => {
  let service: RunningService;
  let withReranker: RunningService;
  let found: ReturnType<typeof findPython>;
  before(async () => {
    found = findPython('clients/python');
    service = await startService();
    withReranker = await startServiceThatRanks();
  });
  after(() => Promise.all([service.close(), withReranker.close()]));

  for (const client of clients) {
    const { program, needs } = client;
    if (needs === undefined) continue;
    const find = () => pythonCommand(needs, path.join(packageRoot, 'test', 'clients', program));
    itServes(client, () => service, find);
  }

  itRanks(
    'rerankers of cohere and litellm',
    () => withReranker,
    () => {
      const file = path.join(packageRoot, 'test', 'clients', 'python', 'rerankers.py');
      const command = pythonCommand(['cohere', 'litellm'], file);
      return typeof command === 'string' ? command : { command };
    },
  );

  itRunsBatches('openai for Python', 'python', () =>
    pythonCommand(['openai'], path.join(packageRoot, 'test', 'clients', 'python', 'use_openai_batch.py')),
  );

  for (const example of examples.filter(({ command }) => command === 'python')) {
    const find = () => pythonCommand(['openai', 'cohere'], path.join(examplesFolder, example.program));
    itPrints(example, () => withReranker, find);
  }

  function pythonCommand(modules: string[], file: string): string[] | string {
    if (typeof found === 'string') return found;
    const hasThem = spawnSync(found.python, ['-c', `import ${modules.join(', ')}`]).status === 0;
    return hasThem ? [found.python, file] : `${found.python} lacks ${modules.join(' or ')}`;
  }
});
