import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { BatchJobs } from '../../src/batch-jobs/batch-jobs.ts';
import type { HotvecError } from '../../src/errors.ts';
import { buildApp } from '../../src/http/app.ts';
import { type ApiKey, ApiKeys } from '../../src/http/door/api-keys.ts';
import { type Patience, usualPatience } from '../../src/http/door/patience.ts';
import { createLogger } from '../../src/log/logger.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { NOTHING_OBSERVED } from '../../src/metrics/observed-metrics.ts';
import type { Health } from '../../src/served-models/readiness.ts';
import { ModelRegistry } from '../../src/served-models/registry.ts';
import type { ServedFor } from '../../src/served-models/served-model.ts';
import type { Config } from '../../src/settings/config.ts';
import type { Embedder, EmbedInput, EmbedOptions, EmbedResult } from '../../src/tasks/embedding/embedder.ts';
import { scoreMatrix } from '../../src/tasks/embedding/score-matrix.ts';
import type {
  Reranker,
  RerankInput,
  RerankingFacts,
  RerankOptions,
  RerankResult,
} from '../../src/tasks/reranking/reranker.ts';
import type { RequestTracer } from '../../src/tracing/request-tracer.ts';
import { modelFacts } from '../support/model-facts.ts';
import { testConfig } from '../support/running-service.ts';

const model = modelFacts({
  name: 'stub',
  rowSize: 4,
  matryoshkaMinimum: 2,
  maxInputTokens: 8192,
  maxRequestTokens: 300_000,
  prompts: { query: 'query: ', document: '' },
  fingerprint: '0123456789abcdef',
  batchTokens: 512,
  weightBytes: 1024,
});

const rerankerFacts: RerankingFacts = {
  name: 'stub-reranker',
  rowSize: 1,
  maxInputTokens: 8192,
  maxRequestTokens: 300_000,
  vocabularySize: 1_000,
  weights: 'safetensors',
  dtype: 'fp32',
  device: 'cpu',
  revision: null,
  fingerprint: 'fedcba9876543210',
  batchTokens: 512,
  weightBytes: 1024,
  activation: 'sigmoid',
  defaultInstruction: 'Find it',
  template: 'the model card',
};

const engine = { state: 'ready', secondsInState: 1.23456, processesReady: 1, canaryCosine: 0.999 };

const FACTS: EmbedResult['facts'] = {
  timings: { tokenize: 0, queue: 0, infer: 0 },
  batches: 1,
  lastBatchId: 0,
  lastBatchItems: 1,
  shared: 0,
  cache: null,
};

export const stubHealth: Health = {
  models: [{ name: 'stub', isReady: true, engine }],
  draining: false,
  uptimeSeconds: 5,
};

export interface StubOptions {
  config?: Partial<Config>;
  /** Named keys that the service knows; none: it asks for none. */
  keys?: Record<string, string> | ApiKeys;
  /** What happens instead of embedding; may throw. Without a result every vector is (0.5, 0.5, 0.5, 0.5). */
  embed?: (inputs: readonly EmbedInput[], options: EmbedOptions) => EmbedResult | undefined | Promise<never>;
  /** Whether there is a reranker, too, called `stub-reranker`. Default: yes. */
  hasReranker?: boolean;
  /** What happens instead of reranking; may throw. Without a result the score of document i is i / 1000. */
  rerank?: (input: RerankInput, options: RerankOptions) => RerankResult | undefined | Promise<RerankResult>;
  /** Inputs that cannot be embedded, in a request that is answered nevertheless. */
  failures?: ReadonlyMap<number, HotvecError>;
  /** What happens before tokenizing; may throw. */
  tokenize?: (inputs: readonly EmbedInput[]) => Promise<void>;
  refusal?: () => HotvecError | undefined;
  isGivenUp?: boolean;
  isDraining?: () => boolean;
  bodyWorkerEntry?: URL;
  tracer?: RequestTracer;
  /** The Batch API; left out: it is off. */
  batchJobs?: BatchJobs;
  health?: () => Health;
  patience?: Partial<Patience>;
}

/** The HTTP layer without a port. */
export interface StubApp {
  app: FastifyInstance;
  /** What a client would be answered; nothing goes through a socket. */
  fetch: (path: string, init?: Asked) => Promise<Response>;
  log: () => string;
  /** Calls of `embed`. */
  embedCalls: () => number;
  close: () => Promise<void>;
}

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export interface StubService extends Omit<StubApp, 'fetch'> {
  url: string;
  /** Connections accepted so far. */
  connections: () => number;
}

/** As `buildStubApp`, on a port: for tests of what goes over the wire, and when. */
export async function startStubService(options: StubOptions = {}): Promise<StubService> {
  const { fetch: _, ...stub } = await buildStubApp(options);
  let connections = 0;
  stub.app.server.on('connection', () => {
    connections += 1;
  });
  const url = await stub.app.listen({ host: '127.0.0.1', port: 0 });
  return { ...stub, url, connections: () => connections };
}

/** The HTTP layer over an embedder that fails, or answers, as the test says: for what the real one cannot be made to do. */
export async function buildStubApp(options: StubOptions = {}): Promise<StubApp> {
  let calls = 0;
  let lines = '';
  const served = stubModels({
    ...options,
    embed: (inputs, embedOptions) => {
      calls += 1;
      return options.embed?.(inputs, embedOptions);
    },
  });
  const [{ service: embedder }] = served;
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      lines += chunk.toString();
      done();
    },
  });
  const app = await buildApp({
    config: testConfig(options.config),
    models: new ModelRegistry(options.hasReranker === false ? served.slice(0, 1) : served),
    readiness: {
      isGivenUp: embedder.isGivenUp,
      check: () => {
        const { refusal } = embedder;
        if (refusal !== undefined) throw refusal;
      },
      report: options.health ?? (() => stubHealth),
    },
    metrics: new Metrics(() => NOTHING_OBSERVED),
    logger: createLogger('info', sink),
    apiKeys: keysOf(options),
    isDraining: options.isDraining ?? (() => false),
    tracer: options.tracer ?? null,
    batchJobs: options.batchJobs,
    bodyWorkerEntry: options.bodyWorkerEntry,
    patience: { ...usualPatience, ...options.patience },
  });
  return {
    app,
    fetch: (path, init = {}) => ask(app, path, init),
    log: () => lines,
    embedCalls: () => calls,
    close: () => closeNow(app),
  };
}

/** An embedder called `stub`, and a reranker. */
export function stubModels(options: StubOptions): [ServedFor<'embed'>, ServedFor<'rerank'>] {
  const embedder: Embedder = {
    model,
    isGivenUp: options.isGivenUp ?? false,
    get refusal() {
      return options.refusal?.();
    },
    embed: async (inputs, embedOptions) => {
      return (await options.embed?.(inputs, embedOptions)) ?? answer(inputs, options.failures);
    },
    tokenize: async (inputs) => {
      await options.tokenize?.(inputs);
      return inputs.map(() => ({ ids: Int32Array.of(1, 2), truncated: false }));
    },
    describeTokens: async (inputs) => {
      await options.tokenize?.(inputs);
      const piece = { id: 1, text: 'x', special: false, start: 0, stop: 1, prompt: false };
      return inputs.map(() => ({ ids: Int32Array.of(1), truncated: false, prompt: '', pieces: [piece] }));
    },
    readTokens: async (inputs) => {
      await options.tokenize?.(inputs);
      return inputs.map(() => [{ id: 1, text: 'x', special: false, start: 0, stop: 1 }]);
    },
    decode: async (inputs) => {
      await options.tokenize?.(inputs);
      return inputs.map(() => 'x');
    },
    compare: scoreMatrix,
  };
  const reranker: Reranker = {
    model: rerankerFacts,
    isGivenUp: embedder.isGivenUp,
    get refusal() {
      return options.refusal?.();
    },
    rerank: async (input, rerankOptions) =>
      (await options.rerank?.(input, rerankOptions)) ?? ranking(input.documents.map((_, i) => i / 1000)),
  };
  return [
    { name: 'stub', names: ['stub'], task: 'embed', service: embedder, engineHealth: () => engine },
    {
      name: 'stub-reranker',
      names: ['stub-reranker'],
      task: 'rerank',
      service: reranker,
      engineHealth: () => engine,
    },
  ];
}

async function ask(
  app: FastifyInstance,
  path: string,
  { method = 'GET', headers = {}, body }: Asked,
): Promise<Response> {
  const answer = await app.inject({
    method: method as 'GET',
    url: path,
    headers,
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : Buffer.from(body) }),
  });
  const fields = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
    [value].flat().map((one) => [name, String(one)]),
  );
  // These statuses have no content, and a Response refuses even an empty one.
  const content = [204, 304].includes(answer.statusCode) ? null : new Uint8Array(answer.rawPayload);
  return new Response(content, { status: answer.statusCode, headers: fields });
}

function keysOf({ keys }: StubOptions): ApiKeys | null {
  if (keys === undefined || keys instanceof ApiKeys) return keys ?? null;
  return new ApiKeys(() => apiKeys(keys));
}

export function apiKeys(keys: Record<string, string>): ApiKey[] {
  return Object.entries(keys).map(([name, key]) => ({ name, sha256: createHash('sha256').update(key).digest() }));
}

async function closeNow(app: FastifyInstance): Promise<void> {
  app.server.closeAllConnections();
  await app.close();
}

/** The result of reranking documents that get these scores, and of those that fail. */
export function ranking(scores: readonly number[], failures: RerankResult['failures'] = new Map()): RerankResult {
  return {
    scores: scores.map(Math.fround),
    tokens: scores.map(() => 3),
    truncated: scores.map(() => false),
    failures,
    neededTokens: 2 * scores.length,
    facts: { ...FACTS, lastBatchItems: scores.length },
  };
}

function answer(inputs: readonly EmbedInput[], failures: EmbedResult['failures'] = new Map()): EmbedResult {
  const served = inputs.filter((_, position) => !failures.has(position));
  return {
    vectors: served.map(() => new Float32Array(4).fill(0.5)),
    tokens: served.map(() => 1),
    truncated: served.map(() => false),
    failures,
    facts: { ...FACTS, lastBatchItems: served.length },
  };
}
