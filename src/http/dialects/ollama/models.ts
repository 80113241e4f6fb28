import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { HotvecError } from '../../../errors.ts';
import type { ServedFor } from '../../../served-models/served-model.ts';
import { answers } from '../../openapi/documented-answers.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { ollamaErrors } from './errors.ts';
import { ollamaPullExample, ollamaShowExample } from './examples.ts';
import { OLLAMA_TAGS } from './ollama.ts';
import {
  OllamaModel,
  OllamaProcesses,
  OllamaProgress,
  OllamaPullBody,
  OllamaShowBody,
  OllamaTags,
  OllamaVersion,
} from './schemas.ts';

/** The version of Ollama whose API is spoken: clients ask, and refuse one that they think too old for them. */
const OLLAMA_VERSION = '0.12.6';
/** What model_info names its keys after; Ollama has the name of the network there. */
const ARCHITECTURE = 'hotvec';
const CENTURY_MS = 100 * 365.25 * 24 * 3600 * 1000;

/** What Ollama's clients ask before they embed: which models there are, what one is, how old the server is. */
export const ollamaModelRoutes: FastifyPluginCallbackTypebox<RouteOptions<never>> = (app, { models }, done) => {
  const startedAt = new Date();
  const modified_at = startedAt.toISOString();
  // Where Ollama never unloads a model, it says a date far ahead.
  const expires_at = new Date(startedAt.getTime() + CENTURY_MS).toISOString();
  const details = ({ service }: ServedFor<'embed'>) => ({
    parent_model: '',
    format: service.model.weights,
    family: ARCHITECTURE,
    families: [ARCHITECTURE],
    parameter_size: '',
    quantization_level: service.model.dtype ?? 'unknown',
  });

  const listed = (name: string, model: ServedFor<'embed'>) => ({
    name: withTag(name),
    model: withTag(name),
    size: model.service.model.weightBytes ?? 0,
    digest: model.service.model.fingerprint ?? '',
    details: details(model),
  });

  app.get(
    '/api/tags',
    {
      config: { errors: ollamaErrors },
      schema: {
        operationId: 'ollamaTags',
        tags: OLLAMA_TAGS,
        summary: 'What is served',
        response: answers(
          { description: 'The served models and their aliases', schema: OllamaTags },
          [401],
          ollamaErrors,
        ),
      },
    },
    async () => ({
      models: models.namesFor('embed').map(({ name, model }) => ({ ...listed(name, model), modified_at })),
    }),
  );

  app.get(
    '/api/ps',
    {
      config: { errors: ollamaErrors },
      schema: {
        operationId: 'ollamaProcesses',
        tags: OLLAMA_TAGS,
        summary: 'What is loaded',
        response: answers(
          { description: 'The served models and their aliases', schema: OllamaProcesses },
          [401],
          ollamaErrors,
        ),
      },
    },
    async () => ({
      models: models.namesFor('embed').flatMap(({ name, model }) => {
        const { model: facts, refusal } = model.service;
        if (refusal !== undefined) return [];
        const size_vram = facts.device === 'cpu' ? 0 : (facts.weightBytes ?? 0);
        return [{ ...listed(name, model), size_vram, expires_at, context_length: facts.maxInputTokens }];
      }),
    }),
  );

  app.route({
    method: 'POST',
    url: '/api/show',
    config: { errors: ollamaErrors, takesUntypedBody: true },
    schema: {
      operationId: 'ollamaShow',
      tags: OLLAMA_TAGS,
      summary: 'Describe a model',
      body: OllamaShowBody,
      response: answers(
        { description: 'The model', schema: OllamaModel, example: ollamaShowExample.response },
        [400, 401, 404, 413, 415],
        ollamaErrors,
      ),
    },
    handler: async (request) => {
      const { model } = models.resolve(nameIn(request.body), 'embed');
      const { maxInputTokens, dimensions } = model.service.model;
      return {
        modified_at,
        capabilities: ['embedding'],
        details: details(model),
        model_info: {
          'general.architecture': ARCHITECTURE,
          [`${ARCHITECTURE}.context_length`]: maxInputTokens,
          [`${ARCHITECTURE}.embedding_length`]: dimensions,
        },
      };
    },
  });

  app.route({
    method: 'POST',
    url: '/api/pull',
    config: { errors: ollamaErrors, takesUntypedBody: true },
    schema: {
      operationId: 'ollamaPull',
      tags: OLLAMA_TAGS,
      summary: 'Check that a model is served',
      description:
        'For clients that pull a model before they use it: succeeds for a served model. Nothing is downloaded.',
      body: OllamaPullBody,
      response: answers(
        {
          description: 'It is; one line, even with `stream`',
          schema: OllamaProgress,
          example: ollamaPullExample.response,
        },
        [400, 401, 404, 413, 415],
        ollamaErrors,
      ),
    },
    handler: async (request) => {
      models.find(nameIn(request.body));
      return { status: 'success' as const };
    },
  });

  app.get(
    '/api/version',
    {
      config: { errors: ollamaErrors },
      schema: {
        operationId: 'ollamaVersion',
        tags: OLLAMA_TAGS,
        summary: 'The version of the API',
        response: answers({ description: 'The version', schema: OllamaVersion }, [401], ollamaErrors),
      },
    },
    async () => ({ version: OLLAMA_VERSION }),
  );
  done();
};

/** Ollama's Go client always sends both, the one that is not used empty. @throws {HotvecError} where there is none. */
function nameIn({ model, name }: { model?: string; name?: string }): string {
  const given = model || name;
  if (!given) throw new HotvecError('invalid_input', 'model is missing.', { param: 'model' });
  return given;
}

/** A served name as Ollama would list it: its names end in a tag. */
function withTag(name: string): string {
  return name.includes(':') ? name : `${name}:latest`;
}
