import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnCli } from '../support/spawned-cli.ts';
import { isAlive } from '../support/supervised-engine.ts';
import { extent } from './extent.ts';
import { reportFigure } from './report-figure.ts';
import { SoakClients, type SoakCounts } from './soak-clients.ts';

const CLIENTS = 40;
const RUNS = extent(1, 20);
/** Without and with time for load balancers to notice. */
const DRAIN_DELAYS_MS = [0, 500];
const ANSWERED_BEFORE = 100;

describe('SIGTERM under 40 clients', () => {
  it(`loses no accepted request, and ends with 0: ${RUNS} runs`, async () => {
    let [answered, lost, exits, slowest] = [0, 0, 0, 0];
    const problems: string[] = [];
    for (let run = 0; run < RUNS; run++) {
      const { counts, exit, seconds } = await terminate(run);
      answered += counts.answered;
      // The queue has room for all of them, and DRAIN_MS is long: no client has to be told to retry.
      lost += counts.failed + counts.refused;
      exits += exit === 0 ? 0 : 1;
      slowest = Math.max(slowest, seconds);
      problems.push(...counts.problems);
    }
    const note = `${RUNS} runs, ${answered} answered, seeds 0 to ${RUNS - 1}`;
    reportFigure('sigterm_lost', lost, [note, ...problems].join('; '));
    reportFigure('sigterm_exits_not_0', exits, `of ${RUNS}`);
    reportFigure('sigterm_seconds', slowest, `drain delays of ${DRAIN_DELAYS_MS.join(' and ')} ms included`);
  });
});

async function terminate(seed: number): Promise<{ counts: SoakCounts; exit: number | string; seconds: number }> {
  const delay = DRAIN_DELAYS_MS[seed % DRAIN_DELAYS_MS.length];
  const cli = spawnCli(['serve', '--port', '0', '--drain-delay-ms', String(delay)]);
  const { url } = await cli.line('ready');
  const engine = (await cli.line('engine ready')).processId as number;
  const clients = new SoakClients({
    url: url as string,
    seed,
    clients: CLIENTS,
    maxTexts: 16,
    abortChance: 0,
    endsWhenClosed: true,
  });
  try {
    // Every client has its connection by then: one that is made while the port closes may be refused by the kernel.
    while ((await clients.counts()).answered < ANSWERED_BEFORE) await sleep(20);
    const start = performance.now();
    cli.child.kill('SIGTERM');
    const exit = await cli.exit;
    const seconds = (performance.now() - start) / 1000;
    assert.equal(isAlive(engine), false);
    return { counts: await clients.stop(), exit, seconds };
  } finally {
    clients.close();
    cli.child.kill('SIGKILL');
  }
}
