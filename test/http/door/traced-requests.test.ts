import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { HotvecError } from '../../../src/errors.ts';
import type { EmbedOptions } from '../../../src/tasks/embedding/embedder.ts';
import { openTracer } from '../../../src/tracing/open-tracer.ts';
import type { RequestTracer } from '../../../src/tracing/request-tracer.ts';
import { type CollectedSpan, type LocalCollector, startCollector } from '../../support/local-collector.ts';
import { testConfig } from '../../support/running-service.ts';
import { until } from '../../support/supervised-engine.ts';
import { type StubService, startStubService } from '../stub-service.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const SERVER = 2;
const INTERNAL = 1;

describe('Traces of requests', () => {
  let collector: LocalCollector;
  let tracer: RequestTracer;
  let service: StubService;
  let embed: (options: EmbedOptions) => undefined | Promise<never>;

  before(async () => {
    collector = await startCollector();
    const config = testConfig({
      otelExporterOtlpEndpoint: `${collector.url}/`,
      otelExporterOtlpProtocol: 'http/json',
      otelExporterOtlpHeaders: 'x-api-key=a%20b,x-other=c',
      otelServiceName: 'search-embeddings',
    });
    tracer = (await openTracer(config, (event) => assert.fail(JSON.stringify(event)), 20)) as RequestTracer;
    service = await startStubService({ embed: (_, options) => embed(options), tracer });
  });
  after(async () => {
    await service.close();
    await tracer.close();
    await collector.close();
  });
  beforeEach(() => {
    collector.spans.length = 0;
    embed = ({ onPhase }) => {
      for (const phase of ['tokenize', 'queue', 'infer', 'encode'] as const) onPhase?.(phase);
      return undefined;
    };
  });

  const post = (headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(`${service.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"input":["a text","another"]}',
      ...(signal && { signal }),
    });
  const collected = async (name: string): Promise<CollectedSpan> => {
    await until(() => collector.spans.some((span) => span.name === name));
    return collector.spans.find((span) => span.name === name) as CollectedSpan;
  };
  const lastLine = () => JSON.parse(service.log().trim().split('\n').at(-1) as string) as Record<string, unknown>;

  it('are a server span with the stages below it, in order and within its time', async () => {
    const before = Date.now();
    assert.equal((await post({ 'x-request-id': 'r-1' })).status, 200);
    const server = await collected('POST /v1/embeddings');
    assert.equal(server.kind, SERVER);
    assert.equal(server.parentSpanId || undefined, undefined);
    assert.deepEqual(server.attributes, {
      'http.request.method': 'POST',
      'http.route': '/v1/embeddings',
      'http.response.status_code': 200,
      'hotvec.request_id': 'r-1',
      'hotvec.inputs': 2,
      'hotvec.tokens': 2,
      'hotvec.batches': 1,
      'hotvec.batch_id': 0,
    });
    const stages = collector.spans.filter(({ kind }) => kind === INTERNAL);
    assert.deepEqual(
      stages.map(({ name }) => name),
      ['tokenize', 'queue', 'infer', 'encode'],
    );
    let earliest = server.startedAt;
    for (const { parentSpanId, traceId, startedAt, endedAt } of stages) {
      assert.deepEqual([parentSpanId, traceId], [server.spanId, server.traceId]);
      assert.ok(earliest <= startedAt && startedAt <= endedAt && endedAt <= server.endedAt);
      earliest = startedAt;
    }
    assert.ok(server.startedAt >= before - 1_000 && server.endedAt <= Date.now() + 1_000);
    assert.deepEqual([lastLine().traceId, lastLine().spanId], [server.traceId, server.spanId]);
  });

  it('go to v1/traces with the headers that are set, under the name that is set', async () => {
    await post();
    await collected('POST /v1/embeddings');
    const { path, headers } = collector.requests.at(-1) as LocalCollector['requests'][number];
    assert.equal(path, '/v1/traces');
    assert.deepEqual([headers['x-api-key'], headers['x-other']], ['a b', 'c']);
    assert.equal(collector.resource['service.name'], 'search-embeddings');
    assert.match(String(collector.resource['service.version']), /^\d+\.\d+\.\d+/);
  });

  it('continue the trace of traceparent, with its tracestate', async () => {
    const response = await post({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'congo=t61rcWkgMzE' });
    const server = await collected('POST /v1/embeddings');
    assert.deepEqual([server.traceId, server.parentSpanId], [TRACE, PARENT]);
    assert.equal(server.traceState, 'congo=t61rcWkgMzE');
    assert.equal(lastLine().traceId, TRACE);
    assert.equal(response.headers.get('traceparent'), null, 'the specification has it in requests only');
  });

  it('are not kept where traceparent says that its caller does not; the log has its id', async () => {
    assert.equal((await post({ traceparent: `00-${TRACE}-${PARENT}-00` })).status, 200);
    assert.deepEqual([lastLine().traceId, lastLine().spanId], [TRACE, undefined]);
    await post();
    await collected('POST /v1/embeddings');
    assert.ok(collector.spans.every(({ traceId }) => traceId !== TRACE));
  });

  it('begin anew where traceparent is not valid, and no request fails for it', async () => {
    const response = await post({ traceparent: `00-${TRACE}-zz`, tracestate: '\u00ff,,,=,' });
    assert.equal(response.status, 200);
    const server = await collected('POST /v1/embeddings');
    assert.notEqual(server.traceId, TRACE);
    assert.equal(server.parentSpanId || undefined, undefined);
  });

  it('leave out a tracestate that cannot be read', async () => {
    assert.equal((await post({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: ',=,\t;' })).status, 200);
    assert.equal((await collected('POST /v1/embeddings')).traceState || undefined, undefined);
  });

  it('name the error, and are marked as one from 500 on', async () => {
    embed = ({ onPhase }) => {
      onPhase?.('tokenize');
      onPhase?.('queue');
      return Promise.reject(new HotvecError('deadline_exceeded', 'Too late.'));
    };
    assert.equal((await post()).status, 504);
    const failed = await collected('POST /v1/embeddings');
    assert.deepEqual([failed.isError, failed.attributes['error.type']], [true, 'deadline_exceeded']);
    assert.deepEqual(collector.spans.map(({ name }) => name).sort(), ['POST /v1/embeddings', 'queue', 'tokenize']);
    assert.equal(typeof lastLine().queueMs, 'number');
    collector.spans.length = 0;
    assert.equal((await fetch(`${service.url}/nowhere?secret=planted`)).status, 404);
    const missing = await collected('GET none');
    assert.deepEqual([missing.isError, missing.attributes['error.type']], [false, 'not_found']);
  });

  it('have a request whose client left', async () => {
    const leave = new AbortController();
    embed = ({ onPhase, signal }) => {
      onPhase?.('tokenize');
      setImmediate(() => leave.abort());
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new HotvecError('client_closed_request', 'Gone.')));
      });
    };
    await assert.rejects(post({}, leave.signal));
    const { attributes } = await collected('POST /v1/embeddings');
    assert.deepEqual([attributes['hotvec.aborted'], attributes['http.response.status_code']], [true, 499]);
  });

  it('leave out the probes, and hold no text', async () => {
    for (const path of ['/livez', '/readyz', '/metrics']) await fetch(service.url + path);
    await post();
    await collected('POST /v1/embeddings');
    assert.ok(collector.spans.every(({ name }) => !name.startsWith('GET')));
    const sent = Buffer.concat(collector.requests.map(({ body }) => body)).toString();
    for (const planted of ['a text', 'another', 'planted', 'nowhere']) assert.ok(!sent.includes(planted), planted);
  });
});
