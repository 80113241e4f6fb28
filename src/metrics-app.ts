import type { FastifyInstance } from 'fastify';
import { type BasicAppOptions, createApp } from './http/create-app.ts';
import { type HealthOptions, healthRoutes } from './http/routes/health.ts';
import { metricsRoutes } from './http/routes/metrics.ts';

/** Builds the application of `METRICS_PORT`: `/metrics` and the probes. The same keys are asked for as elsewhere. */
export async function buildMetricsApp(
  options: Omit<BasicAppOptions, 'isDraining'> & HealthOptions,
): Promise<FastifyInstance> {
  // It answers until the drain is over, so that the drain can be watched.
  const app = createApp({ ...options, boundHost: options.config.metricsHost, isDraining: () => false });
  await app.register(healthRoutes, { embedder: options.embedder, health: options.health });
  await app.register(metricsRoutes, { metrics: options.metrics });
  await app.ready();
  return app;
}
