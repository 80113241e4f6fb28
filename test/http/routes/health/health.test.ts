import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { HotvecError } from '../../../../src/errors.ts';
import type { Health } from '../../../../src/served-models/readiness.ts';
import { type Asked, buildStubApp, type StubApp, stubHealth } from '../../stub-service.ts';

const asWritten = {
  engine: { state: 'ready', since_seconds: 1.235, processes_ready: 1, canary_cosine: 0.999 },
  draining: false,
  uptime_seconds: 5,
};

describe('Probes', () => {
  let service: StubApp;
  let refusal: HotvecError | undefined;
  let health: Health;
  before(async () => {
    service = await buildStubApp({
      keys: { one: 'key-of-one' },
      refusal: () => refusal,
      health: () => health,
    });
  });
  after(() => service.close());
  beforeEach(() => {
    refusal = undefined;
    health = stubHealth;
  });

  const get = async (path: string, init: Asked = {}) => {
    const response = await service.fetch(path, init);
    return { status: response.status, headers: response.headers, body: await response.json() };
  };

  it('say without a key how the service is', async () => {
    for (const [path, status] of [
      ['/livez', 'ok'],
      ['/readyz', 'ready'],
      ['/health', 'ready'],
    ] as const) {
      const answer = await get(path);
      assert.deepEqual([answer.status, answer.body], [200, { status, ...asWritten }], path);
    }
  });

  it('say why not, by the error that a request would get, and since when', async () => {
    const message = 'The inference engine is restarting; try again in 2 s.';
    refusal = new HotvecError('engine_restarting', message, { retryAfterMs: 1_500 });
    const engine = { state: 'restarting', secondsInState: 0.25, processesReady: 0, canaryCosine: null };
    health = { ...stubHealth, models: [{ name: 'stub', isReady: false, engine }], draining: true };
    for (const path of ['/readyz', '/health']) {
      const { status, headers, body } = await get(path);
      assert.equal(status, 503);
      assert.equal(headers.get('retry-after'), '2');
      assert.deepEqual(body, {
        error: { message, type: 'service_unavailable_error', param: null, code: 'engine_restarting' },
        status: 'not_ready',
        engine: { state: 'restarting', since_seconds: 0.25, processes_ready: 0, canary_cosine: null },
        draining: true,
        uptime_seconds: 5,
      });
    }
    assert.equal((await get('/livez')).status, 200, 'that is no reason to end the process');
  });

  it('say nothing of health where the request itself is wrong', async () => {
    const { status, body } = await get('/readyz', {
      method: 'DELETE',
      headers: { authorization: 'Bearer key-of-one' },
    });
    assert.equal(status, 405);
    assert.deepEqual(Object.keys(body as object), ['error']);
  });
});
