import type { Rooms } from './room.ts';

/** What anyone may load. */
const GROUND = ['errors.ts', 'clock.ts', 'file-kind.ts', 'package-info.ts', 'running-process.ts'];

/** The house: what each room of src may import. A new room, or a new way between two, is a line here. */
export const rooms: Rooms = {
  // The front door: no other list names it.
  'cli.ts': { values: ['commands'] },
  commands: {
    values: [
      ...GROUND,
      'serve.ts',
      'bulk',
      'bulk/fleet',
      'bulk-files/rows.ts',
      'serve-batches.ts',
      'batch-jobs',
      'http',
      'settings',
      'log',
      'metrics',
      'served-models',
      'formats',
      'formats/formats.ts',
      'model-files',
      'model-files/hub',
      'model-files/int8',
      'model-files/known',
      'engine/supervisor/unreadable-bytes.ts',
      'http/door/api-keys.ts',
      'http/body/output-dtype.ts',
      'tasks/embedding/prompt.ts',
    ],
    types: ['tasks/embedding/embedder.ts'],
    packages: ['cli-progress'],
    packageTypes: ['pino'],
  },
  'serve.ts': {
    values: [...GROUND, 'serve-batches.ts', 'served-models', 'http', 'http/door', 'log', 'metrics', 'tracing'],
    types: ['settings'],
    packageTypes: ['pino'],
  },

  // Rows of files, computed and written: by an engine of its own, or over HTTP by servers.
  bulk: {
    values: [...GROUND, 'bulk-files', 'http/body/output-dtype.ts', 'durable', 'tasks/embedding/score-matrix.ts'],
    types: ['served-models', 'tasks/embedding/embedder.ts', 'tasks/embedding/prompt.ts', 'tasks/reranking/reranker.ts'],
  },
  // The Batch API's folder and what answers its lines, for the server and for the command that needs no server.
  'serve-batches.ts': {
    values: [...GROUND, 'batch-jobs', 'http', 'log', 'served-models'],
    types: ['http/door', 'metrics', 'settings'],
    packageTypes: ['pino'],
  },
  // It knows neither HTTP nor models: what answers a line is handed to it.
  'batch-jobs': { values: [...GROUND, 'durable'] },

  http: {
    values: [
      ...GROUND,
      'http/answers',
      'http/door',
      'http/body',
      'http/openapi',
      'http/routes/*',
      'http/dialects',
      'http/playground',
    ],
    types: ['batch-jobs', 'metrics', 'model-files/manifest.ts', 'served-models', 'settings'],
    packages: ['@fastify/swagger', 'fastify'],
  },
  'http/door': {
    values: [...GROUND, 'http/answers', 'settings/host-name.ts', 'settings/loopback.ts', 'tracing/trace-context.ts'],
    types: ['settings', 'metrics', 'tracing', 'tasks', 'tasks/embedding/embedder.ts'],
    packages: ['fast-json-stringify', 'fastify'],
    packageTypes: ['pino'],
  },
  'http/body': {
    values: [...GROUND, 'http/door'],
    types: [
      'http/body/body-worker.ts',
      'http/openapi',
      'settings',
      'served-models',
      'model-files/manifest.ts',
      'tasks/embedding/embedder.ts',
      'tasks/embedding/prompt.ts',
    ],
    packages: ['ajv', 'piscina'],
    packageTypes: ['fastify'],
  },
  // The worker that parses large bodies is started by path.
  'http/body/body-worker.ts': { values: [...GROUND, 'http/body'], packages: ['piscina'] },
  'http/answers': {
    values: [...GROUND, 'batch-jobs/list-place.ts', 'http/door', 'http/body/output-dtype.ts', 'http/openapi'],
    types: ['batch-jobs', 'settings', 'tasks', 'tasks/embedding/embedder.ts', 'tasks/reranking/reranker.ts'],
    packageTypes: ['fastify', 'typebox'],
  },
  'http/openapi': {
    values: [...GROUND, 'http/answers', 'http/body'],
    types: ['settings'],
    packages: ['@fastify/swagger-ui', 'typebox', 'yaml'],
    packageTypes: ['@fastify/swagger', 'fastify'],
  },
  'http/playground': {
    values: [...GROUND, 'http/answers'],
    types: ['served-models'],
    packages: ['negotiator'],
    packageTypes: ['fastify'],
  },
  'http/routes': { types: ['served-models', 'settings'], packageTypes: ['fastify', 'typebox'] },
  'http/routes/*': {
    values: [...GROUND, 'http/body', 'http/answers', 'http/door', 'http/openapi', 'batch-jobs'],
    types: ['http/routes', 'metrics', 'served-models', 'tasks/embedding/embedder.ts', 'tasks/reranking/reranker.ts'],
    packages: ['@fastify/multipart', 'typebox'],
    packageTypes: ['@fastify/type-provider-typebox', 'fastify'],
  },
  'http/dialects': {
    values: ['http/dialects/*', 'http/answers/vary-by.ts', 'http/openapi'],
    types: ['http/routes', 'served-models', 'settings'],
    packages: ['typebox'],
    packageTypes: ['fastify'],
  },
  'http/dialects/*': {
    values: [...GROUND, 'http/door', 'http/body', 'http/answers', 'http/openapi'],
    types: [
      'http/routes',
      'served-models',
      'settings',
      'tasks/embedding/embedder.ts',
      'tasks/embedding/prompt.ts',
      'tasks/reranking/reranker.ts',
    ],
    packages: ['typebox'],
    packageTypes: ['@fastify/type-provider-typebox', 'fastify'],
  },

  'bulk/fleet': {
    values: [...GROUND, 'bulk/result-source.ts', 'bulk/query-groups.ts'],
    types: ['bulk'],
    packages: ['undici'],
  },

  'served-models': {
    values: [
      ...GROUND,
      'tasks/*',
      'tokenization',
      'batching',
      'engine',
      'engine/supervisor',
      'formats',
      'formats/formats.ts',
      'model-files',
      'model-files/int8',
      'model-files/known',
      'log',
    ],
    types: ['settings', 'metrics', 'tasks'],
    packageTypes: ['pino'],
  },
  tasks: { values: [...GROUND, 'tasks/*'], types: ['batching', 'engine', 'model-files/manifest.ts'] },
  'tasks/*': {
    values: [...GROUND, 'tasks', 'engine', 'tokenization'],
    types: ['batching', 'model-files/manifest.ts'],
    packages: ['lru-cache'],
  },
  tokenization: { values: GROUND, types: ['model-files/manifest.ts'], packages: ['tokenizers'] },
  batching: { values: [...GROUND, 'engine'] },

  // The contract of both sides; each side knows it, and neither knows the other.
  engine: { types: ['model-files/manifest.ts'] },
  'engine/supervisor': { values: [...GROUND, 'engine'], types: ['model-files/manifest.ts'] },
  'engine/process': {
    values: [...GROUND, 'engine', 'formats/graph-writer'],
    packages: ['onnxruntime-node'],
  },
  // Started by path.
  'engine/process/process.ts': {
    values: [...GROUND, 'engine', 'engine/process', 'formats/load-model.ts', 'tasks/engine-checks.ts'],
    types: ['formats'],
  },
  'engine/process/orphan-guard.ts': {},

  // One file knows the formats as they are described, another as they are loaded, and no other file knows any of them.
  formats: {
    values: [...GROUND, 'formats/formats.ts', 'model-files', 'model-files/folder', 'model-files/folder/tokenizer'],
    types: ['engine', 'batching', 'model-files/int8'],
    packages: ['@huggingface/jinja'],
  },
  'formats/formats.ts': { values: ['errors.ts', 'formats/*'], types: ['formats', 'engine', 'model-files'] },
  'formats/load-model.ts': { values: ['formats/*'], types: ['formats', 'formats/formats.ts', 'engine', 'model-files'] },
  'formats/*': {
    values: [
      ...GROUND,
      'formats/graph-writer',
      'formats/pairs',
      'formats/own-graph',
      'formats/pooling',
      'engine',
      'engine/process',
      'model-files/folder',
      'model-files/folder/tokenizer',
      'model-files/int8',
    ],
    types: ['formats', 'model-files'],
    packages: ['onnxruntime-node'],
  },
  // What formats share: how a graph of hotvec's own is written, how two texts are read as one sequence, and what is done
  // with hidden states.
  'formats/graph-writer': { values: GROUND, types: ['model-files', 'model-files/folder', 'model-files/int8'] },
  'formats/pairs': {
    values: [...GROUND, 'model-files/folder'],
    types: ['formats', 'model-files', 'model-files/folder/tokenizer'],
  },
  'formats/own-graph': {
    values: [...GROUND, 'engine', 'formats/pooling', 'model-files/folder', 'model-files/int8'],
    types: ['formats', 'model-files'],
  },
  'formats/pooling': {
    values: [...GROUND, 'formats/graph-writer', 'engine/process', 'model-files/folder'],
    types: ['engine', 'model-files'],
    packages: ['onnxruntime-node'],
  },

  'model-files': {
    values: [...GROUND, 'model-files/folder', 'model-files/hub', 'model-files/known', 'formats/formats.ts'],
    types: ['model-files/folder/tokenizer', 'settings'],
    packages: ['typebox'],
  },
  // The thread that hashes a large file is started by path.
  'model-files/hash-worker.ts': { values: ['model-files'] },
  'model-files/folder': { values: GROUND, types: ['model-files/manifest.ts'] },
  'model-files/folder/tokenizer': { values: GROUND, types: ['model-files/folder', 'tokenization'] },
  'model-files/hub': {
    values: [...GROUND, 'durable', 'model-files', 'model-files/folder', 'model-files/known', 'formats'],
    packages: ['undici', '@huggingface/hub'],
  },
  'model-files/int8': {
    values: [...GROUND, 'durable', 'model-files', 'model-files/folder', 'model-files/hub'],
    types: ['model-files/int8/quantize-worker.ts'],
    packages: ['piscina'],
  },
  // The worker that quantizes matrices is started by path.
  'model-files/int8/quantize-worker.ts': {
    values: [...GROUND, 'model-files/folder', 'model-files/int8'],
    packages: ['piscina'],
  },
  'model-files/known': { values: GROUND, types: ['model-files'] },

  // How files are written that are whole after a crash.
  durable: {},

  // Files of rows, and files of results: what the rows are for is not known here.
  'bulk-files': {
    values: [...GROUND, 'http/answers/byte-writer.ts', 'durable'],
    packages: ['csv-parse', 'flatbuffers', 'glob', 'hyparquet', 'hyparquet-compressors', 'hyparquet-writer'],
  },

  settings: { values: [...GROUND, 'model-files/manifest.ts'], packages: ['typebox', 'yaml'] },
  log: {
    values: [...GROUND, 'model-files/hub/format-bytes.ts', 'engine/supervisor/engine-events.ts'],
    types: [
      'batch-jobs',
      'settings',
      'metrics',
      'served-models',
      'engine/supervisor',
      'model-files/manifest.ts',
      'model-files/hub',
      'model-files/int8',
    ],
    packages: ['pino'],
  },
  metrics: { values: GROUND, types: ['batch-jobs', 'formats'], packages: ['prom-client'] },
  tracing: {
    values: GROUND,
    types: ['settings'],
    packages: [
      '@opentelemetry/api',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/exporter-trace-otlp-proto',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace',
    ],
  },
  ...Object.fromEntries(GROUND.map((file) => [file, {}])),
};

/** Where the main process begins; it never loads what computes: a crash of native code must leave it alive. */
export const MAIN_ENTRY = 'cli.ts';
export const COMPUTING_PACKAGE = 'onnxruntime-node';

/** Small files with one importer that stay nevertheless, each with the reason. */
export const KEPT_SMALL: Readonly<Record<string, string>> = {
  'commands/uncaught-errors.ts': 'a process of the tests handles errors as serve does, and needs nothing else of it',
  'engine/process/start-orphan-guard.ts': 'the fake engine of the tests starts it too, and an entry cannot be imported',
  'formats/load-model.ts': 'a list that grows by a line with each format',
  'tasks/engine-checks.ts': 'a list that grows by a line with each task',
};
