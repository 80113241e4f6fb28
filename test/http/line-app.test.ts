import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LineRequest } from '../../src/batch-jobs/line-service.ts';
import { HotvecError } from '../../src/errors.ts';
import { InflightBytes } from '../../src/http/door/inflight-bytes.ts';
import { buildLineApp, type LineApp } from '../../src/http/line-app.ts';
import { createLogger } from '../../src/log/logger.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { NOTHING_OBSERVED } from '../../src/metrics/observed-metrics.ts';
import { ModelRegistry } from '../../src/served-models/registry.ts';
import type { EmbedOptions } from '../../src/tasks/embedding/embedder.ts';
import { testConfig } from '../support/running-service.ts';
import { stubModels } from './stub-service.ts';

describe('The application that answers lines', () => {
  let lines: LineApp;
  let asked: EmbedOptions[];
  let heldInside: number;
  let failure: HotvecError | undefined;
  const inflight = new InflightBytes(1e9);
  before(async () => {
    const models = stubModels({
      embed: (_, options) => {
        asked.push(options);
        heldInside = inflight.held;
        if (failure !== undefined) throw failure;
        return undefined;
      },
    });
    lines = await buildLineApp({
      config: testConfig(),
      models: new ModelRegistry(models),
      metrics: new Metrics(() => NOTHING_OBSERVED),
      logger: createLogger('silent'),
      inflight,
      windowTokensOf: () => 1,
    });
  });
  after(() => lines.close());
  beforeEach(() => {
    asked = [];
    failure = undefined;
  });

  const line = (fields: Partial<LineRequest> = {}): LineRequest => ({
    id: 'batch_req_1',
    endpoint: '/v1/embeddings',
    body: Buffer.from('{"input": "x"}'),
    owner: null,
    fingerprint: null,
    ...fields,
  });

  it('asks behind everybody else, for the key that made the batch, without a deadline', async () => {
    const { status, tokens, body } = await lines.answer(line({ owner: 'one' }));
    assert.deepEqual([status, tokens], [200, 1]);
    assert.equal((JSON.parse(body.toString()) as { model: string }).model, 'stub');
    const [{ priority, owner, timeLimit } = {}] = asked;
    assert.deepEqual([priority, owner, timeLimit], ['bulk', 'one', 2_147_483_647]);
  });

  it('counts the bytes of a line while it is inside, and no longer', async () => {
    await lines.answer(line());
    assert.ok(heldInside > 'input: x'.length, `${heldInside}`);
    assert.equal(inflight.held, 0);
  });

  it('answers errors as the route does, and when to come back', async () => {
    failure = new HotvecError('overloaded', 'The queue is full.', { retryAfterMs: 1_500 });
    const { status, retryAfterMs, tokens } = await lines.answer(line());
    assert.deepEqual([status, retryAfterMs, tokens], [429, 1_500, 0]);
    const { status: conflict } = await lines.answer(line({ fingerprint: 'of another model' }));
    assert.equal(conflict, 409);
    const { status: unread, body } = await lines.answer(line({ body: Buffer.from('{"input": "x", "nonsense": 1}') }));
    assert.deepEqual(
      [unread, (JSON.parse(body.toString()) as { error: { code: string } }).error.code],
      [400, 'unknown_field'],
    );
  });

  it('knows the model that a body asks, by its task', () => {
    assert.deepEqual(lines.modelFor('/v1/embeddings', 'stub-query'), { name: 'stub', fingerprint: '0123456789abcdef' });
    assert.equal(lines.modelFor('/v1/rerank', undefined).name, 'stub-reranker');
    assert.throws(() => lines.modelFor('/v1/rerank', 'stub'), { code: 'invalid_input' });
    assert.throws(() => lines.modelFor('/v1/similarity', 'gpt'), { code: 'model_not_found' });
  });
});
