import type { FastifyInstance } from 'fastify';
import type { Config } from '../settings/settings.ts';
import { type BasicAppOptions, createApp } from './door/create-app.ts';
import { InflightBytes } from './door/inflight-bytes.ts';
import { type HealthOptions, healthRoutes } from './routes/health/health.ts';
import { metricsRoutes } from './routes/metrics/metrics.ts';

/** Of answers held at a time; they are of a few kilobytes, and beyond it a connection has one at a time. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Builds the application of `METRICS_PORT`: `/metrics` and the probes. The same keys are asked for as elsewhere. */
export async function buildMetricsApp(
  options: Omit<BasicAppOptions, 'isDraining'> & HealthOptions & { config: Pick<Config, 'metricsHost'> },
): Promise<FastifyInstance> {
  // It answers until the drain is over, so that the drain can be watched.
  const inflight = new InflightBytes(MAX_BYTES);
  // This port is not reached through the proxy that BASE_PATH is for.
  const app = createApp({
    ...options,
    boundHost: options.config.metricsHost,
    basePath: '',
    inflight,
    isDraining: () => false,
  });
  // No route takes a body, and nothing else here reads one.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async () => undefined);
  await app.register(healthRoutes, { readiness: options.readiness });
  await app.register(metricsRoutes, { metrics: options.metrics });
  await app.ready();
  return app;
}
