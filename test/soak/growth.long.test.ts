import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMetrics } from '../../bench/read-metrics.ts';
import { residentBytes } from '../../bench/resident-memory.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';
import { growthMinutes, isSoak } from './extent.ts';
import { reportFigure } from './report-figure.ts';
import { slopeOf } from './slope-of.ts';
import { SoakClients } from './soak-clients.ts';

const SECONDS = isSoak ? 60 * growthMinutes : 4;
const CLIENTS = 16;
const ABORTS = 0.1;
const SEED = 61;
/** The first part of the run: heaps and caches still grow to their size. */
const WARM_UP = 0.25;
/** Resident memory goes up and down with garbage collection. What is kept for good shows in its lowest points. */
const WINDOWS = 15;

interface Sample {
  requests: number;
  mainBytes: number;
  engineBytes: number;
}

describe('A service under load for minutes', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  it(`does not grow, and keeps nothing of clients that went away: ${SECONDS} s (seed ${SEED})`, async () => {
    const cli = spawnCli(['serve', '--port', '0']);
    const url = (await cli.line('ready')).url as string;
    const engineId = (await cli.line('engine ready')).processId as number;
    const order = { url, seed: SEED, clients: CLIENTS, maxTexts: 8, abortChance: ABORTS, endsWhenClosed: false };
    const before = await openFilesAtRest(cli, engineId, Number.POSITIVE_INFINITY);
    const clients = new SoakClients(order);
    try {
      const samples: Sample[] = [];
      for (const end = performance.now() + 1000 * SECONDS; performance.now() < end; await sleep(SECONDS * 5)) {
        const { answered } = await clients.counts();
        samples.push(sampleOf(cli, engineId, answered));
      }
      const { answered, aborted, failed, refused, problems } = await clients.stop();
      assert.ok(answered > CLIENTS && aborted > 0, `${answered} answered, ${aborted} aborted`);
      const note = `${answered} answered, ${aborted} aborted, ${CLIENTS} clients, ${SECONDS} s, seed ${SEED}`;
      const warm = samples.slice(Math.floor(WARM_UP * samples.length));
      const lowest = (bytesOf: (sample: Sample) => number) => lowestPoints(warm, bytesOf);
      const slope = (bytesOf: (sample: Sample) => number) =>
        slopeOf(lowest(bytesOf).map((sample) => [sample.requests / 1_000, bytesOf(sample) / 2 ** 20]));
      const range = (bytesOf: (sample: Sample) => number) =>
        `lowest points after warm-up: ${lowest(bytesOf).map(bytesOf).map(mebibytes).join(', ')} MiB`;
      const main = ({ mainBytes }: Sample) => mainBytes;
      const engine = ({ engineBytes }: Sample) => engineBytes;
      reportFigure('rss_slope_main', slope(main), `${range(main)}; ${note}`);
      reportFigure('rss_slope_engine', slope(engine), range(engine));
      reportFigure('failures_beside_aborts', failed + refused, [`of ${answered}`, ...problems].join('; '));
      reportFigure('left_after_aborts', await leftInside(url), `after ${aborted} aborts`);
      clients.close();
      const after = await openFilesAtRest(cli, engineId, before);
      reportFigure('open_files_growth', after - before, `${before} and ${after}`);
    } finally {
      clients.close();
      cli.child.kill('SIGTERM');
      await cli.exit;
    }
  });
});

function sampleOf({ child }: SpawnedCli, engineId: number, requests: number): Sample {
  const mainId = child.pid as number;
  return {
    requests,
    mainBytes: residentBytes(mainId)?.all ?? Number.NaN,
    engineBytes: residentBytes(engineId)?.all ?? Number.NaN,
  };
}

/** The sample with the least memory of each window. */
function lowestPoints(samples: Sample[], bytesOf: (sample: Sample) => number): Sample[] {
  const size = Math.max(1, Math.floor(samples.length / WINDOWS));
  return Array.from({ length: Math.floor(samples.length / size) }, (_, window) =>
    samples
      .slice(window * size, (window + 1) * size)
      .reduce((least, one) => (bytesOf(one) < bytesOf(least) ? one : least)),
  );
}

/** Open files of both processes while no client is connected: closed connections are noticed soon, not at once. */
async function openFilesAtRest({ child }: SpawnedCli, engineId: number, expected: number): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 50; attempt++) {
    const openFiles = [child.pid, engineId].map((id) => readdirSync(`/proc/${id}/fd`).length);
    fewest = Math.min(
      fewest,
      openFiles.reduce((sum, count) => sum + count),
    );
    if (fewest <= expected) break;
    await sleep(100);
  }
  return fewest;
}

/** Tokens, requests and bytes still held, once batches of clients that left have had time to end. */
async function leftInside(url: string): Promise<number> {
  let left = Number.NaN;
  for (let attempt = 0; attempt < 50 && left !== 0; attempt++) {
    await sleep(100);
    const metrics = await readMetrics(url);
    left = metrics('queue_tokens') + metrics('queue_requests') + metrics('inflight_bytes');
  }
  return left;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
