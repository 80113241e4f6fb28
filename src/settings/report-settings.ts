import { Type } from 'typebox';
import { HTTP_URL } from './http-url.ts';

/** As OpenTelemetry writes headers; percent-encoded is what has a meaning here, and nothing that is no text. */
const HEADER = '\\s*[\\w.-]+\\s*=([\\x20-\\x24\\x26-\\x2b\\x2d-\\x7e]|%[2-7][\\da-fA-F])+';
const HEADERS = { pattern: `^(${HEADER}(,${HEADER})*)?$`, wanted: 'name=value pairs, separated by commas' };

/** What is told about requests: traces and the log. */
export const reportSettings = {
  otelExporterOtlpEndpoint: Type.String({
    default: '',
    pattern: `${HTTP_URL.pattern}|^$`,
    wanted: HTTP_URL.wanted,
    description:
      'OpenTelemetry collector that traces of requests are sent to, e.g. `http://localhost:4318`; empty: none',
  }),
  otelExporterOtlpProtocol: Type.Union([Type.Literal('http/protobuf'), Type.Literal('http/json')], {
    default: 'http/protobuf',
    description: 'How they are sent: `http/protobuf` or `http/json`',
  }),
  otelExporterOtlpHeaders: Type.String({
    default: '',
    ...HEADERS,
    description: 'Headers sent along, `name=value,…`, for collectors that ask for a key; never logged',
  }),
  otelServiceName: Type.String({ default: 'hotvec', minLength: 1, description: 'Name of the service in traces' }),
  otelTracesSamplerArg: Type.Number({
    default: 1,
    minimum: 0,
    maximum: 1,
    description: 'Part of the requests that are traced, where `traceparent` does not say whether',
  }),
  otelSdkDisabled: Type.Boolean({ default: false, description: 'Trace nothing, whatever else is set' }),
  logLevel: Type.Union(
    [
      Type.Literal('fatal'),
      Type.Literal('error'),
      Type.Literal('warn'),
      Type.Literal('info'),
      Type.Literal('debug'),
      Type.Literal('trace'),
      Type.Literal('silent'),
    ],
    {
      default: 'info',
      description: 'Least severe log lines to write: `fatal`, `error`, `warn`, `info`, `debug`, `trace`, `silent`',
    },
  ),
};
