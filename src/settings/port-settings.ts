import { Type } from 'typebox';

/** Segments of letters that no URL escapes, none of them `.` or `..`. */
const BASE_PATH = {
  pattern: '^(?!.*(^|/)\\.{1,2}(/|$))/?([\\w.~-]+/)*[\\w.~-]*$',
  wanted: 'a path such as /hotvec, of letters, digits and . _ ~ -',
};
/** Exact ones: what a browser sends in `origin`, with the slash that is easily copied along. `null` is every sandboxed page. */
const ORIGIN = { pattern: '^(\\*|[A-Za-z][A-Za-z0-9+.-]*://[^\\s/?#@*]+/?)$' };
const HOST = { pattern: '^(\\*|(\\*\\.)?[\\w.-]+(:\\d+)?|\\[[\\dA-Fa-f:.]+\\](:\\d+)?|[\\dA-Fa-f:.]+)$' };

/** Where the service listens, who may ask, and how it stops. */
export const portSettings = {
  host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on' }),
  port: Type.Integer({ default: 8080, minimum: 0, maximum: 65535, description: 'Port to listen on; 0: any free one' }),
  basePath: Type.String({
    default: '',
    ...BASE_PATH,
    description:
      'Path prefix of all routes, e.g. `/hotvec`, for a proxy that does not strip it; probes and `/metrics` are also at the root. Empty: none',
  }),
  keepAliveS: Type.Integer({
    default: 620,
    minimum: 1,
    maximum: 86_400,
    description:
      'Seconds a connection may wait for its next request; must be longer than the proxy in front keeps it, or the proxy occasionally answers 502',
  }),
  metricsPort: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 65535,
    description: 'Separate port for `/metrics`, which is then not on `PORT`; 0: on `PORT`',
  }),
  metricsHost: Type.String({
    default: '',
    description: 'Address to listen on with `METRICS_PORT`; empty: same as `HOST`',
  }),
  apiKeysFile: Type.String({
    default: '',
    description: 'File of `name:sha256-of-key` lines; every route except the health checks then requires a key',
  }),
  allowNoAuth: Type.Boolean({
    default: false,
    description: 'Allow listening on a public address without API keys',
  }),
  allowedHosts: Type.Array(Type.String(HOST), {
    default: [],
    wanted: 'a comma-separated list of host names and addresses, each with or without a port, `*.example.com`, or *',
    description:
      'Names that requests may have in `host`, besides `localhost` and IP addresses; comma-separated, `*.example.com` for all subdomains, `*` for any. Empty: none on loopback without API keys, otherwise any',
  }),
  allowedOrigins: Type.Array(Type.String(ORIGIN), {
    default: [],
    wanted: 'a comma-separated list of origins as browsers send them, such as https://app.example.com, or *',
    description:
      'Origins of web pages that may call this server from a browser, e.g. `https://app.example.com`; comma-separated; `*`: any, only with API keys or `ALLOW_NO_AUTH=1`. Empty: none',
  }),
  drainDelayMs: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 600_000,
    description: 'After SIGTERM, time between failing `/readyz` and closing the port, for load balancers to notice',
  }),
  drainMs: Type.Integer({
    default: 30_000,
    minimum: 0,
    maximum: 600_000,
    description: 'After SIGTERM, time for requests in progress to finish',
  }),
};
