import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Metrics } from '../../../metrics/metrics.ts';
import { answers } from '../../openapi/documented-answers.ts';

/** GET /metrics, on the port of the API or on one of its own. */
export const metricsRoutes: FastifyPluginCallbackTypebox<{ metrics: Metrics }> = (app, { metrics }, done) => {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        tags: ['operations'],
        summary: 'Prometheus metrics',
        description: 'Not available here if the operator has given metrics a separate port (`METRICS_PORT`).',
        response: answers(
          { description: 'Text exposition format', schema: Type.String(), mediaType: 'text/plain' },
          [401],
        ),
      },
    },
    async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  done();
};
