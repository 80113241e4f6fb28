import { Type } from 'typebox';
import { HTTP_URL } from './http-url.ts';

/** As OpenTelemetry writes headers: characters with a meaning here are percent-encoded, and only text is allowed. */
const HEADER = '\\s*[\\w.-]+\\s*=([\\x20-\\x24\\x26-\\x2b\\x2d-\\x7e]|%[2-7][\\da-fA-F])+';
const HEADERS = { pattern: `^(${HEADER}(,${HEADER})*)?$`, wanted: 'name=value pairs, separated by commas' };

/** What is told about requests: traces and the log. */
export const reportSettings = {
  otelExporterOtlpEndpoint: Type.String({
    default: '',
    pattern: `${HTTP_URL.pattern}|^$`,
    wanted: HTTP_URL.wanted,
    description: 'OpenTelemetry collector to send request traces to, e.g. `http://localhost:4318`; empty: none',
  }),
  otelExporterOtlpProtocol: Type.Enum(['http/protobuf', 'http/json'], {
    default: 'http/protobuf',
    description: 'Protocol for sending traces: `http/protobuf` or `http/json`',
  }),
  otelExporterOtlpHeaders: Type.String({
    default: '',
    ...HEADERS,
    description: 'Headers to send with traces, `name=value,…`, for collectors that require a key; never logged',
  }),
  otelServiceName: Type.String({ default: 'hotvec', minLength: 1, description: 'Name of the service in traces' }),
  otelTracesSamplerArg: Type.Number({
    default: 1,
    minimum: 0,
    maximum: 1,
    description: 'Fraction of requests to trace, unless `traceparent` decides',
  }),
  otelSdkDisabled: Type.Boolean({ default: false, description: 'Disable tracing, whatever else is set' }),
  logLevel: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least severe log lines to write: `fatal`, `error`, `warn`, `info`, `debug`, `trace`, `silent`',
  }),
};
