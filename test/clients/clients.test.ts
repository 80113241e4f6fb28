import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { clients } from './clients.ts';
import { engineExamples, examples, examplesFolder } from './examples.ts';
import { itRunsBatches } from './it-runs-batches.ts';
import { itPrints, itServes } from './it-serves.ts';

/** What needs no more packages than hotvec's own; the others are in files of `npm run test:long`. */
describe('Clients and examples', { concurrency: 2 }, () => {
  let service: RunningService;
  before(async () => {
    service = await startService();
  });
  after(() => service.close());

  for (const client of clients.filter(({ ownPackages }) => ownPackages === true)) {
    const file = path.join(packageRoot, 'test', 'clients', client.program);
    itServes(
      client,
      () => service,
      () => [process.execPath, file],
    );
  }

  itRunsBatches('openai 6 for JavaScript', 'javascript', () => [
    process.execPath,
    path.join(packageRoot, 'test', 'clients', 'javascript', 'openai-batch.mjs'),
  ]);

  for (const example of examples.filter(({ command }) => command === 'sh')) {
    const hasCurl = () => spawnSync('curl', ['--version']).status === 0;
    const find = () => (hasCurl() ? ['sh', path.join(examplesFolder, example.program)] : 'curl is not installed');
    itPrints(example, () => service, find);
  }

  it('every example is in examples/README.md', () => {
    const programs = readdirSync(examplesFolder).filter((file) => /\.(mjs|py|sh)$/.test(file));
    assert.ok(programs.length >= 8);
    const shown = new Set([...examples, ...engineExamples].map(({ program }) => program));
    // What two of them import is not an example of its own.
    assert.deepEqual([...shown, 'hotvec_fleet.py'].sort(), programs.sort());
  });

  it('the example of ranking is the one that README.md shows', () => {
    const program = readFileSync(path.join(examplesFolder, 'rerank.mjs'), 'utf8');
    // Without its comment, which README.md has as text.
    const code = program.slice(program.indexOf('import '));
    assert.ok(readFileSync(path.join(packageRoot, 'README.md'), 'utf8').includes(`\`\`\`js\n${code}\`\`\``));
  });

  it('examples ask for the packages that are tested', () => {
    const read = (folder: string): { dependencies: Record<string, string> } =>
      JSON.parse(readFileSync(path.join(packageRoot, folder, 'package.json'), 'utf8'));
    const tested = read('test/clients').dependencies;
    for (const [name, range] of Object.entries(read('examples').dependencies)) assert.equal(tested[name], range, name);
  });

  it('every example is run by one of the tests', () => {
    assert.ok(examples.every(({ command }) => ['sh', 'node', 'python'].includes(command)));
  });
});
