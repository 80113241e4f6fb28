import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { stringify } from 'yaml';
import type { Metrics } from '../../metrics.ts';
import { answers } from '../documented-answers.ts';

/** GET /metrics, and the API's own description. */
export const operationsRoutes: FastifyPluginCallbackTypebox<{ metrics: Metrics }> = (app, { metrics }, done) => {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        tags: ['operations'],
        summary: 'Prometheus metrics',
        response: answers(
          { description: 'Text exposition format', schema: Type.String(), mediaType: 'text/plain' },
          [401],
        ),
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
