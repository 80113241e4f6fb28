import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { LoadGenerator } from '../../bench/load-generator.ts';
import { percentile, sum } from '../../bench/statistics.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';
import { extent } from './extent.ts';
import { reportFigure } from './report-figure.ts';
import { uniqueBodies } from './soak-texts.ts';

const OVERLOAD = 5;
const SECONDS = extent(3, 60);
const CAPACITY_SECONDS = extent(2, 15);
/** Some two thousand tokens: requests so large that refusing four of five costs the cores little beside computing one. */
const TEXTS_PER_REQUEST = 64;
/** Sent again from the start; so many that none is inside twice. */
const BODIES = extent(600, 1_500);
/** As many as keep the engine busy, and fit into the queue. */
const CLIENTS = 12;
const UNLOADED = extent(10, 100);
const FIRST = extent(20, 100);
const SDK_REQUESTS = 10;
const SEED = 41;
/** One or two seconds of work for the starter on a few cores: a client that would wait longer wants to be told. */
const QUEUE_TOKENS = '60000';

describe('Requests at five times the capacity', () => {
  let cli: SpawnedCli;
  let url: string;
  const load = new LoadGenerator();
  before(async () => {
    const limits = ['--max-queue-tokens', QUEUE_TOKENS, '--max-request-tokens', QUEUE_TOKENS];
    cli = spawnCli(['serve', '--port', '0', ...limits]);
    url = (await cli.line('ready')).url as string;
  });
  after(async () => {
    load.stop();
    cli.child.kill('SIGTERM');
    await cli.exit;
  });

  it(`cost the accepted ones nothing; the others are told when to come back; then it is as before (seed ${SEED})`, async () => {
    const target = () => ({ url, path: '/v1/embeddings' });
    const bodies = uniqueBodies(BODIES, TEXTS_PER_REQUEST, SEED);
    const closed = (some: string[], clients: number) =>
      load.sendWithoutFailure({ target: target(), bodies: some, manner: { clients } });

    const few = await closed(bodies.slice(0, FIRST), CLIENTS);
    const enough = Math.min(BODIES, Math.ceil((CAPACITY_SECONDS * FIRST) / few.seconds));
    const capacity = enough / (await closed(bodies.slice(-enough), CLIENTS)).seconds;
    const unloaded = percentile([...(await closed(bodies.slice(0, UNLOADED), 1)).latencies], 0.99);

    const rate = OVERLOAD * capacity;
    const manner = { rate, seed: SEED, requests: Math.round(rate * SECONDS) };
    const overload = load.send({ target: target(), bodies, manner });
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 1_000 });
    const asked = Array.from({ length: SDK_REQUESTS }, (_, i) =>
      client.embeddings.create({ model: 'starter', input: `SDK beside the overload ${i}` }),
    );
    const { latencies, refusals, refusedWithoutRetryAfter, failures, seconds, sendingSeconds } = await overload;
    const after = await closed(uniqueBodies(UNLOADED, TEXTS_PER_REQUEST, SEED + 1), 1);
    const sdk = await Promise.allSettled(asked);

    const { 429: refused = 0, ...otherFailures } = failures;
    const ofAll = `${latencies.length} accepted, ${refused} refused in ${seconds.toFixed(1)} s, capacity ${capacity.toFixed(1)} requests/s, seed ${SEED}`;
    assert.ok(refused > 0, `no overload: ${ofAll}`);
    reportFigure('goodput_at_5x', latencies.length / seconds / capacity, ofAll);
    const [accepted, p50, p99] = [
      percentile([...latencies], 0.5),
      percentile([...refusals], 0.5),
      percentile([...refusals], 0.99),
    ];
    const inMs = `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; accepted p50 ${accepted.toFixed(0)} ms`;
    reportFigure('rejects_p99', p99 / accepted, inMs);
    reportFigure('rejects_without_retry_after', refusedWithoutRetryAfter, `of ${refused}`);
    reportFigure('failures_at_5x', sum(Object.values(otherFailures)), JSON.stringify(otherFailures));
    reportFigure(
      'sdk_failed_in_overload',
      sdk.filter(({ status }) => status === 'rejected').length,
      `of ${SDK_REQUESTS}`,
    );
    // Nobody but the accepted ones was inside when the last was sent; the first answer as quick as before ends it.
    const quick = after.latencies.findIndex((latency) => latency <= 2 * unloaded);
    const recovery = seconds - sendingSeconds + sum(after.latencies.subarray(0, Math.max(0, quick))) / 1000;
    reportFigure(
      'recovery_after_overload',
      quick < 0 ? Number.NaN : recovery,
      `unloaded p99 ${unloaded.toFixed(0)} ms`,
    );
  });
});
