import type { FastifyPluginCallback } from 'fastify';
import { stringify } from 'yaml';
import { registerUnchangingAnswers } from '../unchanging-answers.ts';

/** GET /openapi.json and /openapi.yaml: the API's own description. */
export const descriptionRoutes: FastifyPluginCallback = (app, _, done) => {
  registerUnchangingAnswers(app, ({ routeOptions }) => routeOptions.url);
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  app.get('/openapi.yaml', { schema: { hide: true } }, async (_, reply) =>
    reply.type('application/yaml; charset=utf-8').send(stringify(app.swagger())),
  );
  done();
};
