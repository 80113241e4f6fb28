import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readMetrics } from '../support/read-metrics.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { fakeEngineEntry, scriptFakeEngine } from '../support/supervised-engine.ts';

const BATCH_TOKENS = 800;
const HALF = BATCH_TOKENS / 2;
/** Between half a batch and a full one, though texts that begin alike share their first tokens: a bound of the histogram. */
const BETWEEN = 512;

describe('The batches of bulk', () => {
  let service: RunningService;
  before(async () => {
    // Half a batch is as fast, by the token.
    scriptFakeEngine({ curve: [HALF, BATCH_TOKENS].map((tokens) => ({ tokens, milliseconds: tokens / 40 })) });
    service = await startService({ logLevel: 'warn', maxBatchTokens: BATCH_TOKENS }, fakeEngineEntry);
  });
  after(async () => {
    scriptFakeEngine({});
    await service.close();
  });

  /** How many batches there were of more tokens than half the budget, and in all. */
  async function batches(): Promise<{ large: number; all: number }> {
    const metrics = await readMetrics(service.url);
    const read = (series: string) => metrics.get(`hotvec_batch_tokens_${series}`) ?? Number.NaN;
    const all = read('count{model="starter"}');
    return { large: all - read(`bucket{le="${BETWEEN}",model="starter"}`), all };
  }
  async function embed(texts: number, name: string, priority: 'interactive' | 'bulk'): Promise<void> {
    const input = Array.from({ length: texts }, (_, i) => `${i} ${name}, one of some texts, not one like another`);
    const { status } = await service.post('/v1/embeddings', { input }, { 'x-priority': priority });
    assert.equal(status, 200);
  }

  it('are as large as the budget until a query comes, and then as small as the engine found as fast', async () => {
    await embed(200, 'before', 'bulk');
    const full = await batches();
    assert.ok(full.large > 1);
    await embed(1, 'query', 'interactive');
    await embed(200, 'beside', 'bulk');
    const short = await batches();
    assert.equal(short.large, full.large);
    assert.ok(short.all > full.all + 4);
  });
});
