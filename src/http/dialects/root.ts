import type { FastifyPluginCallback } from 'fastify';
import { Type } from 'typebox';
import type { Readiness } from '../../served-models/readiness.ts';
import type { Config } from '../../settings/settings.ts';
import { varyBy } from '../answers/vary-by.ts';
import { answers } from '../openapi/documented-answers.ts';
import { ollamaErrors } from './ollama/errors.ts';
import { teiErrors } from './tei/errors.ts';

export interface RootOptions {
  readiness: Pick<Readiness, 'check'>;
  config: Pick<Config, 'dialects' | 'playground'>;
}

/**
 * GET and HEAD `/`: how clients of Ollama check that the server is up, how text-embeddings-inference is probed, and
 * what Google's load balancers request by default. One answer for all: Ollama's words, which only its clients read,
 * where requests would be served now, and else 503. No key is asked for. Browsers get a page there (http/playground/).
 */
export const rootRoute: FastifyPluginCallback<RootOptions> = (app, { readiness, config }, done) => {
  const speaksOllama = config.dialects.includes('ollama');
  const errors = config.dialects.includes('tei') ? teiErrors : ollamaErrors;
  app.get(
    '/',
    {
      config: { errors },
      schema: {
        operationId: 'root',
        tags: ['health'],
        summary: 'Whether requests can be served now',
        description: 'As Ollama and text-embeddings-inference. The same as `/readyz`, in their words.',
        security: [],
        response: answers(
          { description: '`Ollama is running`', schema: Type.String(), mediaType: 'text/plain' },
          [503],
          errors,
        ),
      },
    },
    async (_, reply) => {
      if (config.playground) varyBy(reply, 'accept');
      readiness.check();
      return reply.type('text/plain; charset=utf-8').send(speaksOllama ? 'Ollama is running' : '');
    },
  );
  done();
};
