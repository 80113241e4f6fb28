import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { packageVersion } from '../package-info.ts';
import { type ExportEvent, ExportOutages } from './export-outages.ts';
import type { TracingSettings } from './open-tracer.ts';
import type { RequestTracer, TracedRequest } from './request-tracer.ts';
import type { TraceContext } from './trace-context.ts';

/** Spans that wait to be sent; more are dropped. A request has five at most. */
const MAX_WAITING_SPANS = 2_048;
const SPANS_PER_EXPORT = 512;
/** For an export and its repetitions, and for the last one at the end. */
const EXPORT_MS = 10_000;
const CLOSE_MS = 2_000;

/** Sends a span for each request, with one for each stage below it, to an OpenTelemetry collector: OTLP over HTTP. */
export class OtlpTracer implements RequestTracer {
  private readonly provider: TracerProvider;
  private readonly tracer: Tracer;

  constructor(settings: TracingSettings, onEvent: (event: ExportEvent) => void, exportEveryMs: number) {
    const resource = resourceFromAttributes({ 'service.version': packageVersion })
      // OTEL_RESOURCE_ATTRIBUTES
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes({ 'service.name': settings.otelServiceName }));
    this.provider = new TracerProvider({
      resource,
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.otelTracesSamplerArg) }),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new ExportOutages(createExporter(settings), onEvent),
          maxQueueSize: MAX_WAITING_SPANS,
          maxExportBatchSize: SPANS_PER_EXPORT,
          scheduledDelayMillis: exportEveryMs,
          exportTimeoutMillis: EXPORT_MS,
        }),
      ],
    });
    this.tracer = this.provider.getTracer('hotvec', packageVersion);
  }

  record(request: TracedRequest): { traceId: string; spanId: string } | undefined {
    const { method, route, status, errorCode, aborted, requestId, work } = request;
    const at = epochOf();
    const server = this.tracer.startSpan(
      `${method} ${route}`,
      {
        kind: SpanKind.SERVER,
        startTime: at(request.startedAt),
        // Names of OpenTelemetry's semantic conventions where they have one. No `url.path`: a URL may hold anything.
        attributes: {
          'http.request.method': method,
          'http.route': route,
          'http.response.status_code': status,
          'hotvec.request_id': requestId,
          ...(aborted ? { 'hotvec.aborted': true } : {}),
          ...(errorCode === undefined ? {} : { 'error.type': errorCode }),
          ...(work === undefined
            ? {}
            : { 'hotvec.inputs': work.inputs, 'hotvec.tokens': work.tokens, 'hotvec.batches': work.batches }),
          ...(work === undefined || work.lastBatchId === null ? {} : { 'hotvec.batch_id': work.lastBatchId }),
        },
      },
      contextOf(request.context),
    );
    if (!server.isRecording()) return undefined;
    const below = trace.setSpan(ROOT_CONTEXT, server);
    for (const { name, startedAt, endedAt } of request.stages) {
      this.tracer.startSpan(name, { kind: SpanKind.INTERNAL, startTime: at(startedAt) }, below).end(at(endedAt));
    }
    // By convention, client mistakes are not server errors.
    if (status >= 500) server.setStatus({ code: SpanStatusCode.ERROR });
    server.end(at(request.endedAt));
    const { traceId, spanId } = server.spanContext();
    return { traceId, spanId };
  }

  async close(): Promise<void> {
    // What cannot be sent any more has been told as an outage.
    await Promise.race([this.provider.shutdown().catch(() => {}), sleep(CLOSE_MS, undefined, { ref: false })]);
  }
}

/**
 * The exporter that the settings ask for. It repeats what a collector was too busy for, and itself reads what else
 * OpenTelemetry's specification has for exporters: certificates, compression, timeout.
 */
function createExporter(settings: TracingSettings): SpanExporter {
  const options = {
    url: `${settings.otelExporterOtlpEndpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: headersOf(settings.otelExporterOtlpHeaders),
  };
  return settings.otelExporterOtlpProtocol === 'http/json' ? new JsonExporter(options) : new ProtobufExporter(options);
}

/** `name=value,…`; the setting's pattern lets only through what can be decoded. */
function headersOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), decodeURIComponent(value.join('=').trim())];
    }),
  );
}

function contextOf(context: TraceContext | undefined): Context {
  if (context === undefined) return ROOT_CONTEXT;
  const { traceId, parentId, isSampled, state } = context;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: parentId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  });
}

/** From `performance.now()` to the clock on the wall, as it is now: it may have been set since the process began. */
function epochOf(): (milliseconds: number) => number {
  const offset = Date.now() - performance.now();
  return (milliseconds) => offset + milliseconds;
}
