import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RunningService } from '../support/running-service.ts';
import { checkReport } from './check-report.ts';
import type { ClientReport } from './client-report.ts';
import { startClientStand } from './client-stand.ts';
import type { Client } from './clients.ts';
import type { Example } from './examples.ts';
import { examplesFolder } from './examples.ts';
import { runExample } from './run-example.ts';
import { runProgram } from './run-program.ts';

/** The words of a command; or why it cannot be run, as a sentence. */
type Command = string[] | string;

/** A test that runs a client's program against the service, and judges what its user sees. */
export function itServes(client: Client, service: () => RunningService, find: () => Command): void {
  it(`${client.name}: vectors of the reference in batches of 1, 1000 and 2048, its own errors, retries`, async (t) => {
    const command = find();
    if (typeof command === 'string') {
      t.skip(command);
      return;
    }
    const stand = await startClientStand(service(), client.ownWaitMs);
    try {
      const report = (await runProgram(command, stand.task)) as ClientReport;
      t.diagnostic(report.version);
      checkReport(report, stand, client);
    } finally {
      await stand.close();
    }
  });
}

/** A test that an example prints what its README shows. */
export function itPrints({ command, program, output }: Example, service: () => RunningService, find: () => Command) {
  it(`${command} ${program}: prints what examples/README.md shows`, async (t) => {
    const words = find();
    if (typeof words === 'string') {
      t.skip(words);
      return;
    }
    assert.deepEqual(await runExample(words, examplesFolder, service().url), { output, status: 0 });
  });
}
