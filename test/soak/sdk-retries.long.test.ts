import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { readMetrics } from '../../bench/read-metrics.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';
import { extent } from './extent.ts';
import { reportFigure } from './report-figure.ts';

/** A second or two of work: longer than the shortest `retry-after`, so a wrong one is too short. */
const QUEUE_TOKENS = 80_000;
const TOKENS_PER_REQUEST = 2_000;
const BURST = Math.round((1.75 * QUEUE_TOKENS) / TOKENS_PER_REQUEST);
const ROUNDS = extent(1, 10);

describe('The OpenAI SDK with its default retries, in a burst of 1.75 times the queue', () => {
  let cli: SpawnedCli;
  let url: string;
  before(async () => {
    const limits = ['--max-queue-tokens', String(QUEUE_TOKENS), '--max-request-tokens', String(QUEUE_TOKENS)];
    cli = spawnCli(['serve', '--port', '0', ...limits]);
    url = (await cli.line('ready')).url as string;
  });
  after(async () => {
    cli.child.kill('SIGTERM');
    await cli.exit;
  });

  it(`gets every vector: a refused request is told when there will be room (bursts: ${ROUNDS})`, async () => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none' });
    let failed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const requests = Array.from({ length: BURST }, (_, i) => {
        // Token ids: the size is exact. Ten texts that only this request has.
        const input = Array.from({ length: 10 }, (_, n) => tokensOf(round * BURST + i, n));
        return client.embeddings.create({ model: 'starter', input }, { headers: { 'x-token-ids': 'as_is' } });
      });
      const outcomes = await Promise.allSettled(requests);
      failed += outcomes.filter(({ status }) => status === 'rejected').length;
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') assert.equal(outcome.value.data.length, 10);
      }
    }
    const refused = (await readMetrics(url))('rejected_total\\{reason="overloaded"\\}');
    assert.ok(refused > 0, 'no burst was too large');
    reportFigure('sdk_requests_failed', failed, `of ${ROUNDS * BURST}, of which 429 was told ${refused} times`);
  });
});

function tokensOf(request: number, text: number): number[] {
  return Array.from({ length: TOKENS_PER_REQUEST / 10 }, (_, i) => (i === 0 ? request : (100 * text + i) % 5_000));
}
