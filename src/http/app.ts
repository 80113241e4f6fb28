import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import type { BatchJobs } from '../batch-jobs/batch-jobs.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ModelRegistry } from '../served-models/registry.ts';
import type { Config } from '../settings/settings.ts';
import { registerJsonBody } from './body/json-body.ts';
import { registerDialects } from './dialects/dialects.ts';
import { type BasicAppOptions, createApp } from './door/create-app.ts';
import { InflightBytes } from './door/inflight-bytes.ts';
import { usualPatience } from './door/patience.ts';
import { documentationPages } from './openapi/documentation-pages.ts';
import { openapiOptions } from './openapi/openapi-options.ts';
import { playground } from './playground/playground.ts';
import { batchesRoutes } from './routes/batches/batches.ts';
import { embeddingsRoutes } from './routes/embeddings/embeddings.ts';
import { filesRoutes } from './routes/files/files.ts';
import { type HealthOptions, healthRoutes } from './routes/health/health.ts';
import { metricsRoutes } from './routes/metrics/metrics.ts';
import { modelsRoutes } from './routes/models/models.ts';
import { rerankForm, rerankRoutes } from './routes/rerank/rerank.ts';
import { similarityRoutes } from './routes/similarity/similarity.ts';
import { tokenizeRoutes } from './routes/tokenize/tokenize.ts';

export interface AppOptions extends BasicAppOptions, HealthOptions {
  config: Config;
  models: ModelRegistry;
  /** The worker thread that reads large bodies; tests put one here that dies. */
  bodyWorkerEntry?: URL | undefined;
  /** Left out: the Batch API is off. */
  batchJobs?: BatchJobs | undefined;
  /** What all that is received and sent counts for; left out: of this application alone. */
  inflight?: InflightBytes | undefined;
  /** Aborted when incomplete requests are no longer waited for. */
  drained?: AbortSignal | undefined;
}

/** Builds the HTTP application. It never listens: tests inject, `serve.ts` listens. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, models, readiness, metrics, bodyWorkerEntry, drained, patience = usualPatience } = options;
  const { batchJobs = null, inflight = openInflight(config, metrics) } = options;
  const takesFiles = batchJobs !== null;
  const app = createApp({ ...options, boundHost: config.host, basePath: config.basePath, inflight, takesFiles });
  const { receiveMs } = patience;
  const wholeMs = takesFiles ? patience.wholeMs : undefined;
  registerJsonBody(app, { limits: config, receiveMs, wholeMs, drained, workerEntry: bodyWorkerEntry });

  await app.register(swagger, openapiOptions(config.basePath));
  await app.register(documentationPages);
  const routeOptions = { models, config };
  await app.register(embeddingsRoutes, routeOptions);
  await app.register(similarityRoutes, routeOptions);
  await app.register(tokenizeRoutes, routeOptions);
  await app.register(modelsRoutes, routeOptions);
  const rerank = rerankForm(routeOptions);
  // One of the dialects has another body at the bare path, and takes ours there, too.
  const isShared = config.dialects.includes('tei');
  await app.register(rerankRoutes, { form: rerank, urls: isShared ? ['/v1/rerank'] : ['/v1/rerank', '/rerank'] });
  await registerDialects(app, { ...routeOptions, readiness, rerank });
  await app.register(filesRoutes, { batchJobs, receiveMs });
  await app.register(batchesRoutes, { batchJobs });
  await app.register(healthRoutes, { readiness });
  if (config.playground) await app.register(playground, { readiness, basePath: config.basePath });
  if (config.metricsPort === 0) await app.register(metricsRoutes, { metrics });
  await app.ready();
  return app;
}

/** Counts the bytes of bodies and answers, within the bounds of the settings. */
export function openInflight(
  config: Pick<Config, 'maxInflightBytes' | 'maxBodyBytes' | 'keyShare'>,
  metrics: Metrics,
): InflightBytes {
  const limit = config.maxInflightBytes || 16 * config.maxBodyBytes;
  return new InflightBytes(limit, (bytes) => metrics.observeBytesInside(bytes), config.keyShare);
}
