import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { HotvecError } from '../../../src/errors.ts';
import { publicErrorCodes } from '../../../src/http/answers/error-table.ts';
import { PHASES, type Phase } from '../../../src/metrics/metrics.ts';
import type { EmbedOptions } from '../../../src/tasks/embedding/embedder.ts';
import { readMetrics } from '../../support/read-metrics.ts';
import { until } from '../../support/supervised-engine.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const asJson = { method: 'POST', headers: { 'content-type': 'application/json' } };

describe('registerRequestReports', () => {
  let service: StubService;
  let embed: (options: EmbedOptions) => undefined | Promise<never>;
  before(async () => {
    service = await startStubService({
      embed: (_, options) => embed(options),
      refusal: () => new HotvecError('not_ready', 'The model is still loading.'),
    });
  });
  after(() => service.close());

  const rejected = async (reason: string) =>
    (await readMetrics(service.url)).get(`hotvec_rejected_total{reason="${reason}"}`);
  const post = (signal?: AbortSignal) =>
    fetch(`${service.url}/v1/embeddings`, { ...asJson, body: '{"input":"x"}', ...(signal && { signal }) });

  it('counts answers with an error by code, from 0 on, also those that no handler gave', async () => {
    for (const reason of publicErrorCodes) assert.equal(await rejected(reason), 0, reason);
    embed = () => Promise.reject(new HotvecError('overloaded', 'The queue is full.'));
    assert.equal((await post()).status, 429);
    assert.equal((await fetch(`${service.url}/nowhere`)).status, 404);
    assert.equal((await fetch(`${service.url}/v1/embeddings`)).status, 405);
    for (const reason of ['overloaded', 'not_found', 'method_not_allowed']) assert.equal(await rejected(reason), 1);
  });

  it('does not count probes that say no', async () => {
    for (const path of ['/readyz', '/health']) assert.equal((await fetch(service.url + path)).status, 503);
    assert.equal(await rejected('not_ready'), 0);
  });

  for (const phase of PHASES.filter((one) => one !== 'receive' && one !== 'send')) {
    it(`counts a client that leaves in phase ${phase} there`, async () => {
      const cancelled = async (one: Phase) =>
        (await readMetrics(service.url)).get(`hotvec_cancelled_total{phase="${one}"}`);
      assert.equal(await cancelled(phase), 0);
      const leave = new AbortController();
      embed = (options) => {
        options.onPhase?.(phase);
        setImmediate(() => leave.abort());
        return new Promise((_, reject) => {
          const error = new HotvecError('client_closed_request', 'The client disconnected.');
          options.signal?.addEventListener('abort', () => reject(error));
        });
      };
      await assert.rejects(post(leave.signal));
      await until(async () => (await cancelled(phase)) === 1);
      assert.equal(await rejected('client_closed_request'), undefined);
    });
  }
});
