import { type Static, Type } from 'typebox';

/** An address without user and password in it: those would end up in logs. */
const HTTP_URL = {
  pattern: '^https?://[^\\s@?#]+$',
  wanted: 'an address that begins with http:// or https://, without user and password',
};
/** What can be sent in a header; its value is never shown. */
const TOKEN = { pattern: '^[\\x21-\\x7e]*$', wanted: 'a token of visible ASCII characters, without spaces' };
/** As OpenTelemetry writes headers; percent-encoded is what has a meaning here, and nothing that is no text. */
const HEADER = '\\s*[\\w.-]+\\s*=([\\x20-\\x24\\x26-\\x2b\\x2d-\\x7e]|%[2-7][\\da-fA-F])+';
const HEADERS = { pattern: `^(${HEADER}(,${HEADER})*)?$`, wanted: 'name=value pairs, separated by commas' };
/** Segments of letters that no URL escapes, none of them `.` or `..`. */
const BASE_PATH = {
  pattern: '^(?!.*(^|/)\\.{1,2}(/|$))/?([\\w.~-]+/)*[\\w.~-]*$',
  wanted: 'a path such as /hotvec, of letters, digits and . _ ~ -',
};
/** Exact ones: what a browser sends in `origin`, with the slash that is easily copied along. `null` is every sandboxed page. */
const ORIGIN = { pattern: '^(\\*|[A-Za-z][A-Za-z0-9+.-]*://[^\\s/?#@*]+/?)$' };
const HOST = { pattern: '^(\\*|(\\*\\.)?[\\w.-]+(:\\d+)?|\\[[\\dA-Fa-f:.]+\\](:\\d+)?|[\\dA-Fa-f:.]+)$' };
/** As after `@` in MODEL: it becomes a path in the cache, and must not lead out of it. */
const REVISION = {
  pattern: '^(?!.*\\.\\.)(\\w([\\w./-]*[\\w.-])?)?$',
  wanted: 'a branch, a tag or a commit: letters, digits and . _ - /, without ..',
};

/**
 * Every setting of `hotvec serve`, once: its type, default and documentation. The environment variable is the name in
 * capitals (`MAX_BATCH_TOKENS`, or `HOTVEC_MAX_BATCH_TOKENS`), the flag the name in kebab case (`--max-batch-tokens`).
 * The README's table is generated from here; `config.ts` reads what is given.
 */
export const settings = {
  model: Type.String({
    default: 'starter',
    minLength: 1,
    description:
      'What to serve: `starter`; a model of the hub, `Qwen/Qwen3-Embedding-0.6B` or `owner/name@revision`, downloaded once; or a folder',
  }),
  modelSource: Type.Union([Type.Literal('huggingface'), Type.Literal('modelscope')], {
    default: 'huggingface',
    description: 'The hub that models are downloaded from: `huggingface` or `modelscope`',
  }),
  revision: Type.String({
    default: '',
    ...REVISION,
    description: "Branch, tag or commit of a hub model; empty: what follows `@` in `MODEL`, or the hub's main branch",
  }),
  offline: Type.Boolean({
    default: false,
    description:
      'Never use the network: hub models come from the cache, or the start fails; `HF_HUB_OFFLINE` and `TRANSFORMERS_OFFLINE` mean the same',
  }),
  hfToken: Type.String({
    default: '',
    ...TOKEN,
    description:
      'Token for private and gated models of Hugging Face; never logged; `HUGGING_FACE_HUB_TOKEN` where it is not set',
  }),
  hfTokenPath: Type.String({
    default: '',
    description: 'File with that token; empty: the one that `hf auth login` leaves in `HF_HOME`',
  }),
  hfEndpoint: Type.String({
    default: 'https://huggingface.co',
    ...HTTP_URL,
    description: 'Address of the Hugging Face hub or of a mirror',
  }),
  hfHome: Type.String({
    default: '',
    description:
      "Folder for downloaded models, shared with Hugging Face's tools; empty: `huggingface` in `XDG_CACHE_HOME` or `~/.cache`",
  }),
  hfHubCache: Type.String({
    default: '',
    description:
      'Folder for models of Hugging Face alone; empty: that of `HUGGINGFACE_HUB_CACHE`, or `hub` in `HF_HOME`',
  }),
  modelscopeEndpoint: Type.String({
    default: 'https://www.modelscope.cn',
    ...HTTP_URL,
    description: 'Address of ModelScope',
  }),
  modelscopeApiToken: Type.String({
    default: '',
    ...TOKEN,
    description: 'Token for private models of ModelScope; never logged',
  }),
  servedModelName: Type.String({
    default: '',
    description: 'The name clients use in `model`; empty: the name of the model or its folder',
  }),
  aliases: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description: 'Further names clients may use in `model`, e.g. `text-embedding-3-small`; comma-separated',
  }),
  device: Type.Union([Type.Literal('auto'), Type.Literal('cpu'), Type.Literal('cuda'), Type.Literal('webgpu')], {
    default: 'auto',
    description:
      'Where to compute: `cpu`, `cuda` (the GPU image has it), `webgpu`; `auto`: the first of `cuda`, `webgpu`, `cpu` that works. One that is named and does not work ends the start',
  }),
  deviceId: Type.Array(Type.Integer({ minimum: 0, maximum: 1023 }), {
    default: [0],
    uniqueItems: true,
    description: 'Which CUDA devices to use, counted from 0; `0,1` starts an engine process on each',
  }),
  dtype: Type.Union(
    [
      Type.Literal('auto'),
      Type.Literal('fp32'),
      Type.Literal('bf16'),
      Type.Literal('fp16'),
      Type.Literal('q8'),
      Type.Literal('int8'),
      Type.Literal('uint8'),
      Type.Literal('q4'),
      Type.Literal('q4f16'),
      Type.Literal('bnb4'),
      Type.Literal('O1'),
      Type.Literal('O2'),
      Type.Literal('O3'),
      Type.Literal('O4'),
      Type.Literal('optimized'),
      Type.Literal('qint8_avx512_vnni'),
      Type.Literal('qint8_avx512'),
      Type.Literal('quint8_avx2'),
      Type.Literal('qint8_arm64'),
      Type.Literal('qint8_quantized'),
      Type.Literal('quint8_quantized'),
    ],
    {
      default: 'auto',
      description:
        'Precision of the computation; `auto`: for safetensors `bf16` on `cuda`, else `fp32`; for ONNX exports the most exact one there is. `int8` on the CPU quantizes safetensors once, see docs/models.md',
    },
  ),
  pooling: Type.Union(
    [
      Type.Literal('auto'),
      Type.Literal('last_token'),
      Type.Literal('cls'),
      Type.Literal('mean'),
      Type.Literal('max'),
      Type.Literal('mean_sqrt_len'),
      Type.Literal('in_graph'),
    ],
    {
      default: 'auto',
      description:
        'How a text becomes one vector, for a model folder without modules.json: `last_token`, `cls`, `mean`, `max`, `mean_sqrt_len`, or `in_graph` for an ONNX export that gives `sentence_embedding`',
    },
  ),
  matryoshkaDimensions: Type.Array(Type.Integer({ minimum: 1 }), {
    default: [],
    wanted: 'a comma-separated list of whole numbers, each at least 1',
    description:
      'Sizes that vectors may be cut to by `dimensions`, for a Matryoshka model whose `config.json` does not say it, e.g. `64,128,256`; empty: what the model says',
  }),
  threads: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1024,
    description: 'Threads of the engine; 0: one per core it may use',
  }),
  prepacking: Type.Boolean({
    default: true,
    description:
      'Re-lay the weights for speed at load. Off: starts faster and uses less memory, short texts are slower',
  }),
  maxInputTokens: Type.Integer({
    default: 8192,
    minimum: 8,
    description: "Longest input in tokens, special ones included; the model's own limit if that is lower",
  }),
  maxInputs: Type.Integer({ default: 2048, minimum: 1, description: 'Most inputs in a request' }),
  maxRequestTokens: Type.Integer({
    default: 4_194_304,
    minimum: 8,
    description: 'Most tokens in a request: a thousand texts of 4,000 characters in any script',
  }),
  maxBodyBytes: Type.Integer({ default: 16 * 1024 * 1024, minimum: 1024, description: 'Largest request body' }),
  maxInflightBytes: Type.Integer({
    default: 0,
    minimum: 0,
    description:
      'Bytes of request bodies and answers held at a time; beyond that requests get 429 with `retry-after`; 0: 16 × `MAX_BODY_BYTES`',
  }),
  maxBatchTokens: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    description:
      'Tokens in a batch, shared prefixes counted once, padding counted; 0: the smallest batch that reaches 90 % of the best speed, measured at the start',
  }),
  vectorCacheMb: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1_048_576,
    description: 'Memory for computed vectors, in MiB: texts asked for again are answered from it; 0: no cache',
  }),
  maxQueueTokens: Type.Integer({
    default: 600_000,
    minimum: 1,
    description:
      'Tokens that may wait, of a large request an eighth of them at most; beyond that requests get 429 with `retry-after`',
  }),
  keyShare: Type.Number({
    default: 0.9,
    exclusiveMinimum: 0,
    maximum: 1,
    description:
      'Part of the queue, and of `MAX_INFLIGHT_BYTES`, that one API key may fill; without keys, of the bytes one address',
  }),
  truncate: Type.Union([Type.Literal('auto'), Type.Literal('error'), Type.Literal('end'), Type.Literal('start')], {
    default: 'auto',
    description:
      'What happens to over-long inputs when a request does not say: refuse (`error`), or cut off the `end` or `start`; `auto`: refuse, but on the routes of text-embeddings-inference cut off the end, as that does',
  }),
  dialects: Type.Array(
    Type.Union([Type.Literal('tei'), Type.Literal('ollama'), Type.Literal('cohere'), Type.Literal('none')]),
    {
      default: ['tei', 'ollama', 'cohere'],
      uniqueItems: true,
      description:
        'APIs of other services that are answered too: `tei` (text-embeddings-inference), `ollama`, `cohere`; comma-separated; `none`: only our own, see docs/dialects.md',
    },
  ),
  deadlineMs: Type.Integer({
    default: 600_000,
    minimum: 1,
    maximum: 2_147_483_647,
    description: 'Longest time a request may take; a request can ask for less with `x-deadline-ms`',
  }),
  host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on' }),
  port: Type.Integer({ default: 8080, minimum: 0, maximum: 65535, description: 'Port to listen on; 0: any free one' }),
  basePath: Type.String({
    default: '',
    ...BASE_PATH,
    description:
      'Path that all routes are below, e.g. `/hotvec`, for a proxy that passes it on; probes and `/metrics` are at the root too. Empty: none',
  }),
  keepAliveS: Type.Integer({
    default: 620,
    minimum: 1,
    maximum: 86_400,
    description:
      'Seconds that a connection may wait for its next request; longer than the proxy in front keeps it, or that one answers 502 now and then',
  }),
  metricsPort: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 65535,
    description: 'Port of its own for `/metrics`, which is then not on `PORT`; 0: on `PORT`',
  }),
  metricsHost: Type.String({
    default: '',
    description: 'Address to listen on with `METRICS_PORT`; empty: that of `HOST`',
  }),
  apiKeysFile: Type.String({
    default: '',
    description: 'File of `name:sha256-of-key` lines; every route but the health checks then needs a key',
  }),
  allowNoAuth: Type.Boolean({
    default: false,
    description: 'Allow listening on a public address without API keys',
  }),
  allowedHosts: Type.Array(Type.String(HOST), {
    default: [],
    wanted: 'a comma-separated list of host names and addresses, each with or without a port, `*.example.com`, or *',
    description:
      'Names that requests may have in `host`, besides `localhost` and addresses; comma-separated, `*.example.com` for all below, `*` for any. Empty: none on loopback without API keys, elsewhere any',
  }),
  allowedOrigins: Type.Array(Type.String(ORIGIN), {
    default: [],
    wanted: 'a comma-separated list of origins as browsers send them, such as https://app.example.com, or *',
    description:
      'Origins of web pages that may call this server from a browser, e.g. `https://app.example.com`; comma-separated; `*`: any, with API keys or `ALLOW_NO_AUTH=1` only. Empty: none',
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
    description: 'After SIGTERM, time for requests under way to finish',
  }),
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

export type Config = { [Name in keyof typeof settings]: Static<(typeof settings)[Name]> };
export type SettingName = keyof Config;

/** Settings that hold an address, which may have a password in it. */
export const ADDRESSES: readonly SettingName[] = ['hfEndpoint', 'modelscopeEndpoint', 'otelExporterOtlpEndpoint'];
