import assert from 'node:assert/strict';
import { type TObject, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { errorTable } from '../../src/http/answers/error-table.ts';

type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface LogLine {
  levels: Level[];
  fields: Record<string, TSchema>;
}

const text = Type.String({ minLength: 1 });
const count = Type.Integer({ minimum: 0 });
const some = Type.Integer({ minimum: 1 });
const milliseconds = Type.Number({ minimum: 0 });
const oneOf = (...values: string[]) => Type.Unsafe<string>({ type: 'string', enum: values });
const maybe = Type.Optional<TSchema>;
const line = (levels: Level | Level[], fields: Record<string, TSchema> = {}): LogLine => ({
  levels: [levels].flat(),
  fields,
});

const requestId = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' });
const errorCode = oneOf(...Object.keys(errorTable));
const lossReason = oneOf('exit', 'signal', 'hung', 'bad_reply', 'load_failed', 'canary_failed', 'files_changed');
const place = { model: text, deviceId: count, engine: count };
const engine = { ...place, epoch: count };
const loss = { ...engine, reason: lossReason, detail: text };
const unexpected = { error: text, errorCode: maybe(text), frames: Type.Array(Type.String()) };
const loaded = {
  model: text,
  fingerprint: text,
  weights: oneOf('safetensors', 'onnx'),
  device: text,
  dtype: text,
  engines: some,
  batchTokens: some,
  batchTokensFrom: oneOf('measured', 'estimated', 'MAX_BATCH_TOKENS'),
};
const batch = { batch: text, key: maybe(text), endpoint: text, model: maybe(text) };
const cached = { model: text, revision: text, folder: text, bytes: count };

/** Every line that the server writes, by its message. docs/operations.md has the same in words; a test compares. */
export const logLines: Record<string, LogLine> = {
  request: line(['debug', 'info', 'warn'], {
    reqId: requestId,
    method: Type.String({ pattern: '^[A-Z-]+$' }),
    route: Type.String({ pattern: '^(/[A-Za-z0-9._:*/-]*|none)$' }),
    model: maybe(text),
    status: Type.Integer({ minimum: 200, maximum: 599 }),
    ms: milliseconds,
    code: maybe(errorCode),
    key: maybe(Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' })),
    aborted: maybe(Type.Literal(true)),
    traceId: maybe(Type.String({ pattern: '^[0-9a-f]{32}$' })),
    spanId: maybe(Type.String({ pattern: '^[0-9a-f]{16}$' })),
    bytesIn: count,
    bytesOut: count,
    tokenizeMs: maybe(milliseconds),
    queueMs: maybe(milliseconds),
    inferMs: maybe(milliseconds),
    encodeMs: maybe(milliseconds),
    inputs: maybe(count),
    failed: maybe(some),
    tokens: maybe(count),
    truncated: maybe(some),
    shared: maybe(some),
    cacheHits: maybe(count),
    batches: maybe(count),
    batchId: maybe(count),
    batchItems: maybe(some),
  }),
  'starting hotvec': line('info', {
    version: text,
    node: text,
    config: Type.Object({}, { additionalProperties: true }),
  }),
  'The starter model is for trying the API, not for production: it knows little about the world. For real work, set MODEL=Qwen/Qwen3-Embedding-0.6B.':
    line(['info', 'warn']),
  'The starter reranker demonstrates /v1/rerank and nothing else: its scores say nothing about relevance. For real work, set MODEL=Qwen/Qwen3-Reranker-0.6B.':
    line(['info', 'warn']),
  'how the reranker reads pairs': line('info', {
    model: text,
    template: text,
    activation: text,
    defaultInstruction: Type.Union([text, Type.Null()]),
  }),
  'how the model reads texts': line('info', {
    model: text,
    source: text,
    leftOut: Type.Union([some, Type.Null()]),
    maxCharacters: Type.Union([some, Type.Null()]),
  }),
  'Server listening at …': line('info'),
  // Of several models what is told of one is told of each.
  ready: line('info', {
    url: text,
    metricsUrl: maybe(text),
    ...Object.fromEntries(Object.entries(loaded).map(([field, schema]) => [field, maybe(schema)])),
    models: maybe(Type.Array(Type.Object(loaded, { additionalProperties: false }), { minItems: 2 })),
  }),
  'minimum memory of the models': line('info', {
    needs: Type.Array(Type.Object({ name: text, bytes: some }, { additionalProperties: false }), { minItems: 1 }),
    available: some,
    source: text,
  }),
  'stopped while starting': line('info', { reason: text }),
  'unexpected error while starting': line('fatal', { err: Type.Object({}, { additionalProperties: true }) }),
  'shutting down': line('info', { reason: text }),
  stopped: line('info'),
  'chose several engine processes for whole files': line('info', { model: text, engines: some, threads: some }),
  'device not used': line('info', { model: text, device: text, reason: text }),
  'engine ready': line('info', {
    ...engine,
    processId: some,
    device: text,
    dtype: text,
    loadMilliseconds: milliseconds,
    tokensPerSecond: milliseconds,
    calibration: Type.Object({
      batchTokens: some,
      basis: oneOf('measured', 'estimated'),
      batchMilliseconds: milliseconds,
      milliseconds,
      curve: Type.Array(Type.Object({ tokens: some, milliseconds })),
    }),
    canaryCosine: Type.Number(),
    canaryDifference: milliseconds,
    canaryScores: Type.Union([Type.Array(Type.Array(Type.Number())), Type.Null()]),
  }),
  'engine lost, restarting it': line('error', { ...loss, restartInMilliseconds: count }),
  'engine given up: too many crashes': line('fatal', loss),
  'engine given up: model files changed': line('fatal', loss),
  'dropped a reply from an engine process already given up': line('warn', engine),
  'batches failed, running the canary': line('error', { ...engine, failedBatches: some }),
  'canary passed, engine back in service': line('info', engine),
  'found the input that made a batch fail, refused it': line('error', {
    model: text,
    tokens: some,
    reason: text,
    refusedForMs: count,
  }),
  'computed an input that was refused before': line('warn', { model: text, tokens: some }),
  'engine output': line('warn', { ...place, line: Type.String() }),
  'the engine failed a request': line('error', { reqId: requestId, code: errorCode, cause: text }),
  'the engine failed an input': line('error', { reqId: requestId, code: errorCode, cause: text }),
  'unexpected error': line('error', { reqId: requestId, ...unexpected }),
  'ended by an uncaught error': line('fatal', unexpected),
  'continuing the batches of the last run': line('info', { unfinished: some }),
  'batch created': line('info', { ...batch, bytes: some }),
  'lines answered': line('info', { total: some, completed: count, failed: count }),
  'batch in progress': line('info', { ...batch, lines: some }),
  'batch ended': line('info', { ...batch, status: text, completed: count, failed: count, problem: maybe(text) }),
  'batch paused: its answers cannot be stored': line('error', { batch: text, reason: text }),
  'batch continues: its answers can be stored again': line('info', { batch: text }),
  'batch interrupted, trying again in a minute': line('error', { batch: text, ...unexpected }),
  'batches stopped: another process has taken BATCH_DIR': line('error'),
  'API keys reloaded': line('info', { keys: some }),
  'API keys not reloaded: the previous ones stay valid': line('error', { reason: text, keys: some }),
  'SIGHUP ignored: it reloads API keys, but API_KEYS_FILE is not set': line('warn'),
  'the playground was not built': line('warn'),
  'traces cannot be sent': line('warn', { reason: text }),
  'traces can be sent again': line('info', { lost: count }),
  'model revision resolved': line('info', { model: text, asked: text, revision: text, hub: text }),
  'using the cached model': line('info', cached),
  'Another tool downloaded the model: its files are verified, but it is unknown whether any are missing.': line('warn'),
  'the model has other weights, too, which are left aside': line('info', {
    model: text,
    weights: oneOf('safetensors', 'onnx'),
    leftAside: oneOf('safetensors', 'onnx'),
    toComputeThem: maybe(text),
    reason: maybe(text),
  }),
  'downloading the model': line('info', { model: text, files: count, bytes: count, presentBytes: count }),
  'download progress': line('info', { model: text, receivedBytes: count, bytes: count, percent: count, rate: text }),
  'download interrupted, trying again': line('warn', { file: text, reason: text, waitMs: count }),
  'a cached file is damaged, downloading it again': line('warn', { file: text }),
  'model downloaded and verified': line('info', cached),
  'quantizing the model to int8 (needed once)': line('info', { model: text, folder: text, bytes: count }),
  'quantization progress': line('info', { model: text, percent: count }),
  'int8 weights are damaged, creating them again': line('warn', { file: text }),
  'int8 weights cannot be stored in this folder': line('warn', { folder: text, reason: text }),
  'model quantized to int8': line('info', { model: text, file: text, matrices: count, keptInFp32: count }),
  'using the existing int8 weights': line('info', { model: text, file: text, matrices: count, keptInFp32: count }),
  'computing a shard': line('info', { part: text }),
  'computing rows': line('info', { rowsDone: count, rowsTotal: Type.Union([count, Type.Null()]) }),
  'rows computed': line('info', {
    rows: count,
    percent: Type.Union([count, Type.Null()]),
    failed: count,
    shared: count,
    tokensPerSecond: count,
    secondsLeft: Type.Union([count, Type.Null()]),
  }),
  'rows written': line('info', { rows: count, rowsTotal: count }),
  'server lost, its work goes to others': line('warn', { url: text, reason: text }),
  'server answers again': line('info', { url: text }),
  'no server answers yet, waiting for one': line('warn', { url: text, reason: text }),
  'server not used any more': line('error', { url: text, reason: text }),
};

const schemas = new Map(Object.entries(logLines).map(([message, one]) => [message, schemaOf(one)]));

function schemaOf({ levels, fields }: LogLine): TObject {
  return Type.Object(
    {
      level: oneOf(...levels),
      time: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' }),
      msg: Type.String(),
      ...fields,
    },
    { additionalProperties: false },
  );
}

/**
 * Asserts that a line is one of those above, with its fields and no others.
 * @returns its message.
 */
export function checkLogLine(written: string): string {
  const parsed = JSON.parse(written) as { level: string; msg: string };
  const message = parsed.msg.startsWith('Server listening at ') ? 'Server listening at …' : parsed.msg;
  // Why it did not start: the line that the operator reads.
  const schema = schemas.get(message) ?? (parsed.level === 'fatal' ? schemaOf(line('fatal')) : undefined);
  assert.ok(schema !== undefined, `nothing is known of this line: ${written}`);
  const problems = [...Value.Errors(schema, parsed)].map((problem) => JSON.stringify(problem));
  assert.deepEqual(problems, [], written);
  return message;
}
