import type { FastifyPluginCallback } from 'fastify';
import { HotvecError } from '../../../errors.ts';
import type { ErrorFormat } from '../../answers/error-format.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { teiErrors } from './errors.ts';

/** What text-embeddings-inference has routes for and a model of embeddings cannot do. */
const WANTED: Record<string, string> = {
  '/rerank': 'a re-ranker',
  '/predict': 'a classifier',
  '/embed_sparse': 'a model with SPLADE pooling',
};

/** As text-embeddings-inference says it: no path is missing, but what computes cannot do that. */
export const teiErrorsOfOtherModels: ErrorFormat = {
  ...teiErrors,
  statusOf: (code) => (code === 'not_found' ? 424 : teiErrors.statusOf(code)),
  bodyOf: (error, request) => ({
    ...teiErrors.bodyOf(error, request),
    ...(error.code === 'not_found' ? { error_type: 'Backend' } : {}),
  }),
};

/** Routes for models of other kinds: 424, before a body is read. */
export const teiOtherModelRoutes: FastifyPluginCallback<RouteOptions> = (app, _, done) => {
  for (const [url, wanted] of Object.entries(WANTED)) {
    app.route({
      method: 'POST',
      url,
      config: { errors: teiErrorsOfOtherModels, isNotServed: true },
      schema: { hide: true },
      onRequest: async () => {
        throw new HotvecError('not_found', `This server serves an embedding model; ${url} requires ${wanted}.`);
      },
      handler: async () => {},
    });
  }
  done();
};
