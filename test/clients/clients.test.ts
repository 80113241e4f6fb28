import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { checkReport } from './check-report.ts';
import type { ClientReport } from './client-report.ts';
import { type ClientStand, startClientStand } from './client-stand.ts';
import { type Client, clients } from './clients.ts';
import { examples, examplesFolder } from './examples.ts';
import { findPython } from './find-python.ts';
import { type InstalledClients, installClients } from './install-clients.ts';
import { runExample } from './run-example.ts';

/** Clients and examples are programs of their own, so that they run on the Node or Python that they need. */
describe('Clients and examples', { concurrency: 2 }, () => {
  let service: RunningService;
  let installed: InstalledClients | string;
  before(async () => {
    installed = installClients();
    service = await startService();
  });
  after(() => service.close());

  for (const client of clients) {
    it(`${client.name}: vectors of the reference in batches of 1, 1000 and 2048, its own errors, retries`, async (t) => {
      const command = clientCommand(client);
      if (typeof command === 'string') {
        t.skip(command);
        return;
      }
      const stand = await startClientStand(service, client.ownWaitMs);
      try {
        const report = await run(command, stand);
        t.diagnostic(report.version);
        checkReport(report, stand, client);
      } finally {
        await stand.close();
      }
    });
  }

  for (const { command, program, output } of examples) {
    it(`${command} ${program}: prints what examples/README.md shows`, async (t) => {
      const words = exampleCommand(command, program);
      if (typeof words === 'string') {
        t.skip(words);
        return;
      }
      assert.deepEqual(await runExample(words, examplesFolder, service.url), { output, status: 0 });
    });
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

  /** @returns the words of the command; or why it cannot be run, as a sentence. */
  function clientCommand({ program, needs, ownPackages }: Client): string[] | string {
    const file = path.join(packageRoot, 'test', 'clients', program);
    if (needs !== undefined) return pythonCommand(needs, file);
    return ownPackages === true ? [process.execPath, file] : nodeCommand(program);
  }

  function exampleCommand(command: string, program: string): string[] | string {
    const file = path.join(examplesFolder, program);
    if (command === 'node') return nodeCommand(`examples/${program}`);
    if (command === 'python') return pythonCommand(['openai'], file);
    return spawnSync('curl', ['--version']).status === 0 ? ['sh', file] : 'curl is not installed';
  }

  function nodeCommand(program: string): string[] | string {
    return typeof installed === 'string' ? installed : [installed.node, path.join(installed.folder, program)];
  }
});

function pythonCommand(modules: string[], file: string): string[] | string {
  const python = findPython(modules);
  return python === undefined
    ? `no Python with ${modules.join(' and ')}: set HOTVEC_TEST_PYTHON to one`
    : [python, file];
}

async function run([command, ...args]: string[], { task }: ClientStand): Promise<ClientReport> {
  const child = spawn(command as string, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(task));
  const answer = await text(child.stdout);
  assert.notEqual(answer, '', 'the program ended without a report');
  return JSON.parse(answer) as ClientReport;
}
