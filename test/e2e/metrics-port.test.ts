import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withKeysFile } from '../http/door/keys-file.ts';
import { freePort } from '../support/free-port.ts';
import { readMetrics } from '../support/read-metrics.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { fakeEngineEntry, scriptFakeEngine } from '../support/supervised-engine.ts';

const authorization = 'Bearer key-of-one';

describe('METRICS_PORT', () => {
  let service: RunningService;
  let metricsUrl: string;
  before(async () => {
    scriptFakeEngine({ batchMs: 300 });
    const metricsPort = await freePort();
    service = await withKeysFile({ one: 'key-of-one' }, (apiKeysFile) =>
      startService({ apiKeysFile, metricsPort, drainMs: 5_000 }, fakeEngineEntry),
    );
    metricsUrl = service.metricsUrl as string;
    assert.equal(metricsUrl, `http://127.0.0.1:${metricsPort}`);
  });
  after(() => service.close());

  it('has the metrics of the whole service', async () => {
    const count = 'hotvec_http_requests_total{method="POST",route="/v1/embeddings",model="starter",status="200"}';
    assert.equal((await readMetrics(metricsUrl, { authorization })).get(count), undefined);
    assert.equal((await service.post('/v1/embeddings', { input: 'a text' }, { authorization })).status, 200);
    assert.equal((await readMetrics(metricsUrl, { authorization })).get(count), 1);
  });

  it('takes /metrics away from the port of the API', async () => {
    assert.equal((await fetch(`${service.url}/metrics`, { headers: { authorization } })).status, 404);
    assert.equal((await fetch(`${service.url}/metrics`)).status, 401);
  });

  it('asks for a key like every other port, but not for the probes', async () => {
    for (const path of ['/livez', '/readyz']) assert.equal((await fetch(metricsUrl + path)).status, 200, path);
    assert.equal((await fetch(`${metricsUrl}/metrics`)).status, 401);
    assert.equal((await fetch(`${metricsUrl}/metrics`, { headers: { authorization: 'Bearer other' } })).status, 401);
  });

  it('serves nothing else', async () => {
    for (const path of ['/v1/models', '/docs', '/openapi.json', '/v1/embeddings']) {
      assert.equal((await fetch(metricsUrl + path, { headers: { authorization } })).status, 404, path);
    }
  });

  it('answers until the last request is answered, and says meanwhile that the service is not ready', async () => {
    const request = service.post('/v1/embeddings', { input: 'the last one' }, { authorization });
    await sleep(100);
    const closing = service.close();
    const series = await readMetrics(metricsUrl, { authorization });
    assert.equal(series.get('hotvec_ready'), 0);
    assert.equal((await fetch(`${metricsUrl}/livez`)).status, 200);
    assert.equal((await fetch(`${metricsUrl}/readyz`)).status, 503);
    assert.equal((await request).status, 200);
    await closing;
    await assert.rejects(fetch(`${metricsUrl}/livez`));
  });
});

describe('METRICS_PORT, when it is taken', () => {
  it('ends the start with one line that names the setting, and leaves no port open', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port: metricsPort } = taken.address() as { port: number };
    const port = await freePort();
    await assert.rejects(startService({ port, metricsPort }, fakeEngineEntry), {
      name: 'StartError',
      message: `Cannot listen on 127.0.0.1:${metricsPort}: the port is already in use. Set METRICS_PORT to another one, or stop the program that uses it.`,
    });
    taken.close();
    await assert.rejects(fetch(`http://127.0.0.1:${port}/livez`));
  });
});
