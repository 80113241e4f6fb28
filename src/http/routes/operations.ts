import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { stringify } from 'yaml';
import type { Metrics } from '../../metrics.ts';

/** GET /metrics, and the API's own description. */
export const operationsRoutes: FastifyPluginCallbackTypebox<{ metrics: Metrics }> = (app, { metrics }, done) => {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        tags: ['operations'],
        summary: 'Prometheus metrics',
        response: {
          200: { description: 'Text exposition format', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
    },
    async (_, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  app.get('/openapi.yaml', { schema: { hide: true } }, async (_, reply) =>
    reply.type('application/yaml; charset=utf-8').send(stringify(app.swagger())),
  );
  done();
};
