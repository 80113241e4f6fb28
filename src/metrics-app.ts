import type { FastifyInstance } from 'fastify';
import type { Embedder } from './embedding/embedder.ts';
import { type BasicAppOptions, createApp } from './http/create-app.ts';
import { healthRoutes } from './http/routes/health.ts';
import { metricsRoutes } from './http/routes/metrics.ts';

/** Builds the application of `METRICS_PORT`: `/metrics` and the probes. The same keys are asked for as elsewhere. */
export async function buildMetricsApp(
  options: Omit<BasicAppOptions, 'isDraining'> & { embedder: Embedder },
): Promise<FastifyInstance> {
  // It answers until the drain is over, so that the drain can be watched.
  const app = createApp({ ...options, isDraining: () => false });
  await app.register(healthRoutes, options);
  await app.register(metricsRoutes, options);
  await app.ready();
  return app;
}
