import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ExportEvent } from '../../src/tracing/export-outages.ts';
import { openTracer, type TracingSettings } from '../../src/tracing/open-tracer.ts';
import type { RequestTracer, TracedRequest } from '../../src/tracing/request-tracer.ts';
import { freePort } from '../support/free-port.ts';
import { type LocalCollector, startCollector } from '../support/local-collector.ts';
import { testConfig } from '../support/running-service.ts';
import { until } from '../support/supervised-engine.ts';

const request: TracedRequest = {
  context: undefined,
  requestId: 'r',
  method: 'POST',
  route: '/v1/embeddings',
  status: 200,
  errorCode: undefined,
  aborted: false,
  startedAt: 1,
  endedAt: 2,
  stages: [],
  work: undefined,
};

async function open(settings: Partial<TracingSettings>, onEvent: (event: ExportEvent) => void = () => {}) {
  const config = testConfig({ otelExporterOtlpProtocol: 'http/json', ...settings });
  return (await openTracer(config, onEvent, 200)) as RequestTracer;
}

describe('openTracer()', () => {
  let collector: LocalCollector;
  before(async () => {
    collector = await startCollector();
  });
  after(() => collector.close());

  it('opens nothing without an address, or when disabled', async () => {
    assert.equal(await openTracer(testConfig(), () => assert.fail()), null);
    const settings = testConfig({ otelExporterOtlpEndpoint: collector.url, otelSdkDisabled: true });
    assert.equal(await openTracer(settings, () => assert.fail()), null);
    assert.equal(collector.connections, 0);
  });

  it('sends pending spans when it is closed', async () => {
    const tracer = await open({ otelExporterOtlpEndpoint: collector.url });
    tracer.record(request);
    assert.equal(collector.requests.length, 0);
    await tracer.close();
    assert.equal(collector.spans.length, 1);
  });

  it('samples the configured share of traces, and all that callers sample', async () => {
    const none = await open({ otelExporterOtlpEndpoint: collector.url, otelTracesSamplerArg: 0 });
    assert.equal(none.record(request), undefined);
    const context = { traceId: 'a'.repeat(32), parentId: 'b'.repeat(16), isSampled: true, state: undefined };
    assert.equal(none.record({ ...request, context })?.traceId, context.traceId);
    await none.close();
    const half = await open({ otelExporterOtlpEndpoint: collector.url, otelTracesSamplerArg: 0.5 });
    const kept = Array.from({ length: 400 }, () => half.record(request)).filter((span) => span !== undefined).length;
    // Five standard deviations of a fair coin on both sides.
    assert.ok(kept > 150 && kept < 250, `${kept}`);
    await half.close();
  });

  it('speaks protobuf unless told otherwise', async () => {
    const tracer = await open({
      otelExporterOtlpEndpoint: collector.url,
      otelExporterOtlpProtocol: testConfig().otelExporterOtlpProtocol,
    });
    tracer.record({ ...request, requestId: 'in-protobuf' });
    await tracer.close();
    const { headers, body } = collector.requests.at(-1) as LocalCollector['requests'][number];
    assert.equal(headers['content-type'], 'application/x-protobuf');
    for (const text of ['hotvec.request_id', 'in-protobuf', 'POST /v1/embeddings'])
      assert.ok(body.includes(text), text);
  });
});

describe('An unreachable collector', () => {
  // Of OpenTelemetry's own variables, which the exporter reads: without it an outage is seen after ten seconds.
  before(() => {
    process.env.OTEL_EXPORTER_OTLP_TIMEOUT = '1200';
  });
  after(() => {
    delete process.env.OTEL_EXPORTER_OTLP_TIMEOUT;
  });

  it('is reported once, delays no request, costs a bounded number of spans, and is reported again when it is back', async () => {
    const port = await freePort();
    const events: ExportEvent[] = [];
    const tracer = await open({ otelExporterOtlpEndpoint: `http://127.0.0.1:${port}` }, (event) => events.push(event));
    for (let i = 0; i < 10_000; i++) assert.notEqual(tracer.record(request), undefined);
    await until(() => events.length > 0);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['failing'],
    );
    assert.match((events[0] as { reason: string }).reason, /ECONNREFUSED/);

    const collector = await startCollector(port);
    await until(() => {
      tracer.record(request);
      return events.length > 1;
    });
    assert.equal(events[1]?.kind, 'working');
    assert.ok((events[1] as { lost: number }).lost >= 512);
    await tracer.close();
    assert.equal(events.length, 2);
    // What waited, and what was recorded while the collector came back.
    assert.ok(collector.spans.length > 0 && collector.spans.length < 8_000, `${collector.spans.length}`);
    await collector.close();
  });

  it('is reported once when it refuses, with its reason', async () => {
    const collector = await startCollector();
    collector.status = 400;
    const events: ExportEvent[] = [];
    const tracer = await open({ otelExporterOtlpEndpoint: collector.url }, (event) => events.push(event));
    for (let i = 0; i < 1_100; i++) tracer.record(request);
    await until(() => collector.requests.length >= 2);
    await tracer.close();
    assert.deepEqual(events, [{ kind: 'failing', reason: '400 Bad Request' }]);
    await collector.close();
  });

  it('does not delay the shutdown when it never answers', async () => {
    // Longer than closing may take.
    process.env.OTEL_EXPORTER_OTLP_TIMEOUT = '4000';
    const collector = await startCollector();
    collector.status = null;
    const events: ExportEvent[] = [];
    const tracer = await open({ otelExporterOtlpEndpoint: collector.url }, (event) => events.push(event));
    tracer.record(request);
    await tracer.close();
    assert.equal(collector.requests.length, 1);
    assert.deepEqual(events, [], 'it ended before the exporter gave up');
    await collector.close();
  });
});
