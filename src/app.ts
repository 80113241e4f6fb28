import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { type BasicAppOptions, createApp } from './http/create-app.ts';
import { registerDialects } from './http/dialects.ts';
import { documentationPages } from './http/documentation-pages.ts';
import { InflightBytes } from './http/inflight-bytes.ts';
import { registerJsonBody } from './http/json-body.ts';
import type { ModelNames } from './http/model-names.ts';
import { openapiOptions } from './http/openapi-options.ts';
import { usualPatience } from './http/patience.ts';
import { descriptionRoutes } from './http/routes/description.ts';
import { embeddingsRoutes } from './http/routes/embeddings.ts';
import { type HealthOptions, healthRoutes } from './http/routes/health.ts';
import { metricsRoutes } from './http/routes/metrics.ts';
import { modelsRoutes } from './http/routes/models.ts';
import { similarityRoutes } from './http/routes/similarity.ts';
import { tokenizeRoutes } from './http/routes/tokenize.ts';

export interface AppOptions extends BasicAppOptions, HealthOptions {
  names: ModelNames;
  /** The worker thread that reads large bodies; tests put one here that dies. */
  bodyWorkerEntry?: URL | undefined;
  /** Aborted when requests that have not come whole are waited for no longer. */
  drained?: AbortSignal | undefined;
}

/** Builds the HTTP application. It never listens: tests inject, `main.ts` listens. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, embedder, health, names, metrics, bodyWorkerEntry, drained, patience = usualPatience } = options;
  const inflight = new InflightBytes(
    config.maxInflightBytes || 16 * config.maxBodyBytes,
    (bytes) => metrics.observeBytesInside(bytes),
    config.keyShare,
  );
  const app = createApp({ ...options, boundHost: config.host, basePath: config.basePath, inflight });
  registerJsonBody(app, { limits: config, receiveMs: patience.receiveMs, drained, workerEntry: bodyWorkerEntry });

  await app.register(swagger, openapiOptions(config.basePath));
  await app.register(documentationPages);
  const routeOptions = { embedder, names, config };
  await app.register(embeddingsRoutes, routeOptions);
  await app.register(similarityRoutes, routeOptions);
  await app.register(tokenizeRoutes, routeOptions);
  await app.register(modelsRoutes, routeOptions);
  await registerDialects(app, routeOptions);
  await app.register(healthRoutes, { embedder, health });
  if (config.metricsPort === 0) await app.register(metricsRoutes, { metrics });
  await app.register(descriptionRoutes);
  await app.ready();
  return app;
}
