import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config.ts';
import type { Embedder } from './embedding/embedder.ts';
import type { ApiKeys } from './http/api-keys.ts';
import { registerAuth } from './http/auth.ts';
import { answerClientError, answerFrameworkError, registerErrorHandling } from './http/error-handler.ts';
import './http/fastify-types.ts';
import { registerJsonBody } from './http/json-body.ts';
import type { ModelNames } from './http/model-names.ts';
import { openapiOptions } from './http/openapi-options.ts';
import { registerProtocolRules } from './http/protocol-rules.ts';
import { registerRequestReports } from './http/request-reports.ts';
import { embeddingsRoutes } from './http/routes/embeddings.ts';
import { healthRoutes } from './http/routes/health.ts';
import { modelsRoutes } from './http/routes/models.ts';
import { operationsRoutes } from './http/routes/operations.ts';
import { similarityRoutes } from './http/routes/similarity.ts';
import { tokenizeRoutes } from './http/routes/tokenize.ts';
import type { Metrics } from './metrics.ts';

export interface AppOptions {
  config: Config;
  embedder: Embedder;
  names: ModelNames;
  metrics: Metrics;
  logger: FastifyBaseLogger;
  /** null: no key is asked for. */
  apiKeys: ApiKeys | null;
  /** While true every answer closes its connection. */
  isDraining: () => boolean;
  /** The worker thread that reads large bodies; tests put one here that dies. */
  bodyWorkerEntry?: URL | undefined;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Builds the HTTP application. It never listens: tests inject, `main.ts` listens. */
export async function buildApp({
  config,
  embedder,
  names,
  metrics,
  logger,
  apiKeys,
  isDraining,
  bodyWorkerEntry,
}: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    // One line a request, written when it is answered (request-reports.ts).
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.maxBodyBytes,
    genReqId: ({ headers }) => {
      const id = headers['x-request-id'];
      return typeof id === 'string' && REQUEST_ID.test(id) ? id : randomUUID();
    },
    // Slow senders are cut off: headers within 10 s, the whole request within a minute.
    requestTimeout: 60_000,
    // Node's own answer to a request without a host has no body; ours is an error like the others.
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    // Of `/v1/models/:id`: a long name is an unknown model, not an unreadable URL.
    routerOptions: { maxParamLength: 16_384 },
    // Errors below the routes: what is no HTTP, and URLs that cannot be decoded.
    clientErrorHandler: answerClientError,
    frameworkErrors: answerFrameworkError,
  });

  app.addHook('onSend', async (_, reply) => {
    if (isDraining()) void reply.header('connection', 'close');
  });
  registerRequestReports(app, metrics);
  registerErrorHandling(app, config);
  registerAuth(app, apiKeys);
  registerProtocolRules(app);
  registerJsonBody(app, config, bodyWorkerEntry);

  await app.register(swagger, openapiOptions);
  await app.register(swaggerUi, { routePrefix: '/docs' });
  const routeOptions = { embedder, names, config };
  await app.register(embeddingsRoutes, routeOptions);
  await app.register(similarityRoutes, routeOptions);
  await app.register(tokenizeRoutes, routeOptions);
  await app.register(modelsRoutes, routeOptions);
  await app.register(healthRoutes, { embedder });
  await app.register(operationsRoutes, { metrics });
  await app.ready();
  return app;
}
