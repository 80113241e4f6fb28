import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { TracingSettings } from './open-tracer.ts';

/**
 * The exporter that the settings ask for. It repeats what a collector was too busy for, and itself reads what else
 * OpenTelemetry's specification has for exporters: certificates, compression, timeout.
 */
export function createExporter(settings: TracingSettings): SpanExporter {
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
