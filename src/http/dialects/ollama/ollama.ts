import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { encodeRow, encodeRows } from '../../answers/encode-rows.ts';
import { serveVectors } from '../../answers/serve-vectors.ts';
import { usageOf } from '../../answers/serve-work.ts';
import { chooseModel } from '../../body/choose-model.ts';
import { nameInputs } from '../../body/request-inputs.ts';
import { checkReady } from '../../door/check-ready.ts';
import { answers, WORK_ERRORS, workHeaders } from '../../openapi/documented-answers.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { ollamaErrors } from './errors.ts';
import { ollamaEmbeddingsExample, ollamaEmbedExample } from './examples.ts';
import { OllamaEmbeddingsBody, OllamaEmbeddingsResponse, OllamaEmbedResponse, ollamaEmbedBody } from './schemas.ts';

export const OLLAMA_TAGS = ['ollama'];

/** Ollama's routes for vectors: `/api/embed` and, from before it, `/api/embeddings`. */
export const ollamaRoutes: FastifyPluginCallbackTypebox<RouteOptions<'maxInputs' | 'deadlineMs'>> = (
  app,
  { models, config },
  done,
) => {
  app.route({
    method: 'POST',
    url: '/api/embed',
    config: { errors: ollamaErrors, takesUntypedBody: true },
    schema: {
      operationId: 'ollamaEmbed',
      tags: OLLAMA_TAGS,
      summary: 'Embed texts',
      description: 'As Ollama.',
      headers: RequestHeaders,
      body: ollamaEmbedBody(config.maxInputs),
      response: answers(
        {
          description: 'The vectors',
          schema: OllamaEmbedResponse,
          headers: workHeaders,
          example: ollamaEmbedExample.response,
        },
        WORK_ERRORS,
        ollamaErrors,
      ),
    },
    handler: async (request, reply) => {
      const { model, input = '', truncate = true, dimensions = null } = request.body;
      const { model: served, role } = chooseModel(request, models, model, 'embed');
      const { service: embedder } = served;
      const fields = (tokens: number) => ({
        total_duration: Math.round(reply.elapsedTime * 1e6),
        load_duration: 0,
        prompt_eval_count: tokens,
      });
      if (input.length === 0) {
        checkReady(embedder);
        return reply.send({ model, embeddings: [], ...fields(0) });
      }
      return serveVectors(
        { request, reply, embedder, config },
        nameInputs('input', input).map((text) => ({ ...text, role, instruction: null })),
        {
          dimensions,
          normalize: true,
          truncate: truncate ? 'end' : 'error',
          // Its clients send all they have in one request; the number of inputs, and the size of the body and of the answer, bound it.
          maxRequestTokens: Number.POSITIVE_INFINITY,
        },
        (result) =>
          encodeRows(result.vectors, {
            before: `{"model":${JSON.stringify(model)},"embeddings":`,
            after: `,${JSON.stringify(fields(usageOf(result).total_tokens)).slice(1)}`,
          }),
      );
    },
  });

  app.route({
    method: 'POST',
    url: '/api/embeddings',
    config: { errors: ollamaErrors, takesUntypedBody: true },
    schema: {
      operationId: 'ollamaEmbeddings',
      tags: OLLAMA_TAGS,
      summary: 'Embed a text',
      description: 'As Ollama, for clients from before `/api/embed`.',
      headers: RequestHeaders,
      body: OllamaEmbeddingsBody,
      response: answers(
        {
          description: 'The vector',
          schema: OllamaEmbeddingsResponse,
          headers: workHeaders,
          example: ollamaEmbeddingsExample.response,
        },
        WORK_ERRORS,
        ollamaErrors,
      ),
    },
    handler: async (request, reply) => {
      const { model, prompt = '' } = request.body;
      const { model: served, role } = chooseModel(request, models, model, 'embed');
      const { service: embedder } = served;
      if (prompt === '') {
        checkReady(embedder);
        return reply.send({ embedding: [] });
      }
      return serveVectors(
        { request, reply, embedder, config },
        nameInputs('prompt', prompt).map((text) => ({ ...text, role, instruction: null })),
        { dimensions: null, normalize: true, truncate: 'end' },
        async ({ vectors: [vector] }) => encodeRow(vector ?? new Float32Array(), '{"embedding":', '}'),
      );
    },
  });
  done();
};
