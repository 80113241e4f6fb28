import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import type { Config } from '../../src/settings/config.ts';
import { type LocalCollector, startCollector } from '../support/local-collector.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../support/supervised-engine.ts';

/** Packages of OpenTelemetry in this process. `api` is prom-client's, too. */
function loadedPackages(): string[] {
  const files = Object.keys(createRequire(import.meta.url).cache);
  const names = files.flatMap((file) => /@opentelemetry[\\/]([\w-]+)/.exec(file)?.[1] ?? []);
  return [...new Set(names)].filter((name) => name !== 'api');
}

const traced = (collector: LocalCollector) => ({
  otelExporterOtlpEndpoint: collector.url,
  otelExporterOtlpProtocol: 'http/json' as const,
});

/** Starts the service, lets `use` use it, and ends it; returns what it logged. */
async function withService(
  settings: Partial<Config>,
  use: (service: RunningService) => Promise<void>,
): Promise<string> {
  const service = await startService(settings, fakeEngineEntry);
  try {
    await use(service);
  } finally {
    await service.close();
  }
  return service.log();
}

describe('Tracing', () => {
  // First: what is loaded once stays loaded.
  it('is off by default: no package is loaded and no request is made', async () => {
    scriptFakeEngine({});
    await withService({}, async (service) => {
      assert.equal((await service.post('/v1/embeddings', { input: 'x' })).status, 200);
    });
    assert.deepEqual(loadedPackages(), []);
  });

  it('sends the last spans before the server ends, with the time that each stage took', async () => {
    scriptFakeEngine({ batchMs: 120 });
    const collector = await startCollector();
    let answers: Response[] = [];
    await withService({ ...traced(collector), maxBatchTokens: 8 }, async (service) => {
      const inputs = ['one of two texts', 'the other of them'];
      answers = await Promise.all(inputs.map((input) => service.post('/v1/embeddings', { input })));
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    });
    const timings = answers.map((answer) => answer.headers.get('server-timing') ?? '');
    assert.ok(loadedPackages().includes('sdk-trace'), 'this test could not see a package that is loaded');
    assert.equal(collector.spans.filter(({ name }) => name === 'POST /v1/embeddings').length, 2);
    for (const [i, answer] of answers.entries()) {
      const id = answer.headers.get('x-request-id');
      const server = collector.spans.find(({ attributes }) => attributes['hotvec.request_id'] === id);
      const stages = collector.spans.filter(({ parentSpanId }) => parentSpanId === server?.spanId);
      assert.deepEqual(
        stages.map(({ name }) => name),
        ['tokenize', 'queue', 'infer', 'encode'],
      );
      // As the client was told. Spans of the collector are in nanoseconds, which a double holds to a quarter of a microsecond.
      for (const stage of ['queue', 'infer']) {
        const told = Number(new RegExp(`${stage};dur=([\\d.]+)`).exec(timings[i] as string)?.[1]);
        const { startedAt = 0, endedAt = 0 } = stages.find(({ name }) => name === stage) ?? {};
        assert.ok(Math.abs(endedAt - startedAt - told) < 0.02, `${stage}: ${endedAt - startedAt}, told ${told}`);
      }
      const [infer] = stages.filter(({ name }) => name === 'infer');
      assert.ok(infer !== undefined && infer.endedAt - infer.startedAt >= 100);
    }
    await collector.close();
  });

  it('fails no request while the collector fails, and says so once in the log', async () => {
    scriptFakeEngine({});
    const collector = await startCollector();
    collector.status = 403;
    const log = await withService(traced(collector), async (service) => {
      for (let round = 0; round < 3; round++) {
        const requests = collector.requests.length;
        for (let i = 0; i < 5; i++) assert.equal((await service.post('/v1/embeddings', { input: `${i}` })).status, 200);
        // They have been sent, and refused.
        await until(() => collector.requests.length > requests);
      }
    });
    const lines = log.split('\n');
    assert.equal(lines.filter((line) => line.includes('traces cannot be sent')).length, 1);
    assert.match(log, /"level":"warn","time":"[^"]+","reason":"403 Forbidden","msg":"traces cannot be sent"/);
    await collector.close();
  });
});
