import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import type { BatchEndpoint } from '../batch-jobs/batch-job.ts';
import type { LineAnswer, LineModel, LineRequest, LineService } from '../batch-jobs/line-service.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { TaskName } from '../model-files/manifest.ts';
import type { ModelRegistry } from '../served-models/registry.ts';
import type { Config } from '../settings/settings.ts';
import { registerErrorHandling } from './answers/error-handler.ts';
import { registerJsonBody } from './body/json-body.ts';
import type { HeldBytes, InflightBytes, Owner } from './door/inflight-bytes.ts';
import { RequestProgress } from './door/request-progress.ts';
import { exchange } from './line-exchange.ts';
import { embeddingsRoutes } from './routes/embeddings/embeddings.ts';
import { rerankForm, rerankRoutes } from './routes/rerank/rerank.ts';
import { similarityRoutes } from './routes/similarity/similarity.ts';

export interface LineAppOptions {
  config: Config;
  models: ModelRegistry;
  metrics: Metrics;
  logger: FastifyBaseLogger;
  /** What bodies and answers of lines count for, as those of requests do. */
  inflight: InflightBytes;
  /** Tokens that one batch may have waiting or under way at a model, by its served name. */
  windowTokensOf: (model: string) => number;
}

/** A {@link LineService} that is closed when no more lines come. */
export interface LineApp extends LineService {
  close: () => Promise<void>;
}

/** Tells whose a line is. Nobody outside can send it: the application has no port. */
const OWNER = 'x-owner';
/** A line waits as long as the others need: the batch has a time limit, and not each of its lines. */
const NO_DEADLINE_MS = 2_147_483_647;
const TASKS: Readonly<Record<BatchEndpoint, TaskName>> = {
  '/v1/embeddings': 'embed',
  '/v1/similarity': 'embed',
  '/v1/rerank': 'rerank',
};

/**
 * The routes that lines of batches ask, behind a door of their own: the same reading of bodies, handlers and errors as for
 * requests, without port, keys and a log line for each. So a line's answer is the one that posting its body gives.
 */
export async function buildLineApp(options: LineAppOptions): Promise<LineApp> {
  const { config, models, metrics, logger, inflight, windowTokensOf } = options;
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: ({ headers }) => String(headers['x-request-id']),
  });
  for (const name of ['keyName', 'errorCode', 'servedModel', 'work', 'bodyBytes']) app.decorateRequest(name, undefined);
  app.decorateRequest('held', null as unknown as HeldBytes);
  app.decorateRequest('progress', null as unknown as RequestProgress);
  app.addHook('onRequest', async (request, reply) => {
    const owner = request.headers[OWNER];
    request.keyName = typeof owner === 'string' ? owner : undefined;
    request.progress = new RequestProgress();
    const held = inflight.open(() => ownerOf(request.keyName));
    request.held = held;
    reply.raw.once('close', () => held.release());
  });
  const answered = new Map<string, number>();
  app.addHook('onSend', async ({ id, work, servedModel = '' }) => {
    if (work === undefined) return;
    metrics.observeWork(servedModel, work);
    answered.set(id, work.tokens);
  });
  registerErrorHandling(app);
  registerJsonBody(app, { limits: config, receiveMs: NO_DEADLINE_MS });
  const routeOptions = { models, config: { ...config, deadlineMs: NO_DEADLINE_MS } };
  await app.register(embeddingsRoutes, routeOptions);
  await app.register(similarityRoutes, routeOptions);
  await app.register(rerankRoutes, { form: rerankForm(routeOptions), urls: ['/v1/rerank'] });
  await app.ready();

  const answer = async ({ id, endpoint, body, owner, fingerprint }: LineRequest): Promise<LineAnswer> => {
    const given = await exchange(app.routing, {
      url: endpoint,
      headers: {
        'x-request-id': id,
        'x-priority': 'bulk',
        ...(owner === null ? {} : { [OWNER]: owner }),
        ...(fingerprint === null ? {} : { 'x-expect-fingerprint': fingerprint }),
      },
      body,
    });
    const tokens = answered.get(id) ?? 0;
    answered.delete(id);
    const wait = given.headers['retry-after-ms'];
    const retryAfterMs = wait === undefined ? undefined : Number(wait);
    return { status: given.status, body: given.body, tokens, retryAfterMs };
  };
  const modelFor = (endpoint: BatchEndpoint, name: string | undefined): LineModel => {
    const { model } = models.resolve(name, TASKS[endpoint]);
    return { name: model.name, fingerprint: model.service.model.fingerprint };
  };
  return { modelFor, windowTokensOf, answer, close: () => app.close() };
}

function ownerOf(key: string | undefined): Owner {
  return key === undefined ? { name: 'batches', isKey: false } : { name: `key ${key}`, isKey: true };
}
