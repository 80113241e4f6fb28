import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../bench/statistics.ts';
import { startService } from '../support/running-service.ts';
import { extent } from './extent.ts';
import { reportFigure } from './report-figure.ts';

const SERVICES = extent(1, 10);
/** Of each service: the second restart waits a second, the ones after it longer (restarts.ts). */
const KILLS = 2;
const MOST_ASKED = 2_000;

describe('The real engine, killed', () => {
  it(`is missed at once, and replaced: ${SERVICES * KILLS} kills`, async () => {
    const failedAfter: number[] = [];
    const readyAfter: number[] = [];
    for (let one = 0; one < SERVICES; one++) {
      const service = await startService({ logLevel: 'fatal' });
      const isReady = async () => (await fetch(`${service.url}/readyz`)).status === 200;
      try {
        for (let kill = 0; kill < KILLS; kill++) {
          const start = performance.now();
          process.kill(service.engineProcessId() as number, 'SIGKILL');
          for (let asked = 0; await isReady(); asked++) {
            assert.ok(asked < MOST_ASKED, '/readyz never failed');
            await sleep(2);
          }
          failedAfter.push((performance.now() - start) / 1000);
          while (!(await isReady())) await sleep(10);
          readyAfter.push((performance.now() - start) / 1000);
        }
      } finally {
        await service.close();
      }
    }
    const median = percentile(readyAfter, 0.5).toFixed(2);
    const note = `${readyAfter.length} kills, every second one with a wait of a second; median ${median} s`;
    reportFigure('unready_after_kill', Math.max(...failedAfter), `${failedAfter.length} kills`);
    reportFigure('recovery_after_kill_p95', percentile(readyAfter, 0.95), note);
  });
});
