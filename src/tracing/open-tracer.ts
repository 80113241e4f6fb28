import type { Config } from '../settings/settings.ts';
import type { ExportEvent } from './export-outages.ts';
import type { RequestTracer } from './request-tracer.ts';

/** Those that OpenTelemetry's specification names, too. */
export type TracingSettings = Pick<Config, Extract<keyof Config, `otel${string}`>>;

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
