import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { clients } from './clients.ts';
import { examples, examplesFolder } from './examples.ts';
import { type InstalledClients, installClients } from './install-clients.ts';
import { itPrints, itServes } from './it-serves.ts';

/** Clients and examples are programs of their own, so that they run on the Node that they need. */
describe('Clients and examples', { concurrency: 2 }, () => {
  let service: RunningService;
  let installed: InstalledClients | string;
  before(async () => {
    installed = installClients();
    service = await startService();
  });
  after(() => service.close());

  for (const client of clients.filter(({ needs }) => needs === undefined)) {
    const { program, ownPackages } = client;
    const file = path.join(packageRoot, 'test', 'clients', program);
    const find = () => (ownPackages === true ? [process.execPath, file] : nodeCommand(program));
    itServes(client, () => service, find);
  }

  for (const example of examples.filter(({ command }) => command !== 'python')) {
    const hasCurl = () => spawnSync('curl', ['--version']).status === 0;
    const shell = () => (hasCurl() ? ['sh', path.join(examplesFolder, example.program)] : 'curl is not installed');
    const find = () => (example.command === 'node' ? nodeCommand(`examples/${example.program}`) : shell());
    itPrints(example, () => service, find);
  }

  it('every example is in examples/README.md', () => {
    const programs = readdirSync(examplesFolder).filter((file) => /\.(mjs|py|sh)$/.test(file));
    assert.ok(programs.length >= 6);
    assert.deepEqual(examples.map(({ program }) => program).sort(), programs.sort());
  });

  it('examples ask for the packages that are tested', () => {
    const read = (folder: string): { dependencies: Record<string, string> } =>
      JSON.parse(readFileSync(path.join(packageRoot, folder, 'package.json'), 'utf8'));
    const tested = read('test/clients').dependencies;
    for (const [name, range] of Object.entries(read('examples').dependencies)) assert.equal(tested[name], range, name);
  });

  function nodeCommand(program: string): string[] | string {
    return typeof installed === 'string' ? installed : [installed.node, path.join(installed.folder, program)];
  }
});
