import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadGenerator } from '../../bench/load-generator.ts';
import { readMetrics } from '../../bench/read-metrics.ts';
import { percentile } from '../../bench/statistics.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { fakeEngineEntry, scriptFakeEngine } from '../support/supervised-engine.ts';
import { extent } from './extent.ts';
import { reportFigure } from './report-figure.ts';
import { uniqueBodies } from './soak-texts.ts';

const BULK_CLIENTS = 16;
const BULK_TEXTS = 64;
const SMALL = extent(25, 400);
const SEED = 51;
const BATCH_TOKENS = 512;
const MS_PER_THOUSAND_TOKENS = 100;
/** Of a full one. */
const BATCH_MS = (BATCH_TOKENS * MS_PER_THOUSAND_TOKENS) / 1000;

// Whose turn it is decides here, not how fast the machine is: the fake engine's batches take a set time.
describe('A small request in a flood of large ones', () => {
  let service: RunningService;
  const bulk = new LoadGenerator();
  const small = new LoadGenerator();
  before(async () => {
    scriptFakeEngine({ msPerThousandTokens: MS_PER_THOUSAND_TOKENS });
    service = await startService({ logLevel: 'warn', maxBatchTokens: BATCH_TOKENS }, fakeEngineEntry);
  });
  after(() => {
    small.stop();
    return service.close();
  });

  it(`waits for the batch under way, the one behind it and its own (seed ${SEED})`, async () => {
    const target = { url: service.url, path: '/v1/embeddings' };
    const p99 = async (seed: number) => {
      const order = { target, bodies: uniqueBodies(SMALL, 1, seed), manner: { clients: 1 } };
      return percentile([...(await small.sendWithoutFailure(order)).latencies], 0.99);
    };
    const unloaded = await p99(SEED);
    // More than will be answered: it is broken off at the end.
    const bodies = uniqueBodies(1_000, BULK_TEXTS, SEED + 1);
    const flood = bulk.send({ target, bodies, manner: { clients: BULK_CLIENTS } }).catch(() => {});
    let waiting = 0;
    while (waiting < BULK_CLIENTS / 2) waiting = (await readMetrics(service.url))('queue_requests');
    const loaded = await p99(SEED + 2);
    bulk.stop();
    await flood;
    const note = `${unloaded.toFixed(1)} ms without, ${loaded.toFixed(1)} ms beside ${BULK_CLIENTS} × ${BULK_TEXTS} texts, full batches of ${BATCH_MS} ms, ${SMALL} requests, seed ${SEED}`;
    reportFigure('small_p99_under_flood', (loaded - unloaded) / BATCH_MS, note);
  });

  it('leaves nothing behind when the flood breaks off', async () => {
    while ((await readMetrics(service.url))('queue_tokens') !== 0) await sleep(5);
  });
});
