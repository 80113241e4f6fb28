import type { ExportEvent } from './export-outages.ts';
import type { RequestTracer } from './request-tracer.ts';

export interface TracingSettings {
  /** Empty: no tracing. Spans go to `v1/traces` below it. */
  otelExporterOtlpEndpoint: string;
  otelExporterOtlpProtocol: 'http/protobuf' | 'http/json';
  /** `name=value,…`, percent-encoded. */
  otelExporterOtlpHeaders: string;
  otelServiceName: string;
  /** Fraction of the traces to keep if the caller has not decided. */
  otelTracesSamplerArg: number;
  otelSdkDisabled: boolean;
}

/**
 * Opens what the settings ask for. Off, the default, OpenTelemetry is not even loaded: it would cost 90 ms at the start
 * and 15 MiB.
 * @param onEvent told when exporting begins to fail, and when it works again.
 * @param exportEveryMs how long a span waits for others at most.
 */
export async function openTracer(
  settings: TracingSettings,
  onEvent: (event: ExportEvent) => void,
  exportEveryMs = 2_000,
): Promise<RequestTracer | null> {
  if (settings.otelExporterOtlpEndpoint === '' || settings.otelSdkDisabled) return null;
  const { OtlpTracer } = await import('./otlp-tracer.ts');
  return new OtlpTracer(settings, onEvent, exportEveryMs);
}
