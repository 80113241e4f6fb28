import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { HotvecError } from '../../../errors.ts';
import { encodeRow, encodeRows } from '../../answers/encode-rows.ts';
import { serveVectors } from '../../answers/serve-vectors.ts';
import { chooseFirstModel } from '../../body/choose-model.ts';
import { nameInputs } from '../../body/request-inputs.ts';
import { answers } from '../../openapi/documented-answers.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { TEI_WORK_ERRORS, teiErrors } from './errors.ts';
import { teiEmbedExample, teiSimilarityExample } from './examples.ts';
import { charactersOfInputs, sendTeiHeaders, teiHeaders } from './headers.ts';
import { teiRerankHandler } from './rerank.ts';
import { TeiEmbedResponse, TeiSimilarityResponse, teiEmbedBody, teiRerankBody, teiSimilarityBody } from './schemas.ts';
import { teiTruncation } from './truncation.ts';

/** What text-embeddings-inference has routes for and no model of ours can do. */
const NOT_SERVED: Record<string, string> = {
  '/predict': 'a classifier',
  '/embed_sparse': 'a model with SPLADE pooling',
};
const tags = ['text-embeddings-inference'];

/** Vectors and scores as Hugging Face's text-embeddings-inference has them. */
export const teiRoutes: FastifyPluginCallbackTypebox<RouteOptions<'maxInputs' | 'truncate' | 'deadlineMs'>> = (
  app,
  { models, config },
  done,
) => {
  const embedBody = teiEmbedBody(config.maxInputs);
  const rerankBody = teiRerankBody(config.maxInputs);
  const rerank = teiRerankHandler({ models, config });
  // Hugging Face's clients post to the address they are given, most often without a path; SageMaker to the other.
  for (const url of ['/embed', '/', '/invocations']) {
    app.route({
      method: 'POST',
      url,
      config: {
        errors: teiErrors,
        // What is asked of a model there, and not of a path, it knows by the body.
        ...(url === '/embed' ? {} : { otherForms: [{ body: rerankBody, errors: teiErrors }] }),
      },
      schema: {
        hide: url !== '/embed',
        operationId: 'teiEmbed',
        tags,
        summary: 'Embed texts',
        description: 'As text-embeddings-inference. Also at `/` and `/invocations`.',
        headers: RequestHeaders,
        body: embedBody,
        response: answers(
          {
            description: 'The vectors',
            schema: TeiEmbedResponse,
            headers: teiHeaders,
            example: teiEmbedExample.response,
          },
          TEI_WORK_ERRORS,
          teiErrors,
        ),
      },
      handler: async (request, reply) => {
        if ('texts' in request.body) return rerank(request, reply);
        const { service: embedder } = chooseFirstModel(request, models, 'embed');
        const { inputs, normalize, dimensions, ...choices } = request.body;
        const prompt = { role: null, instruction: null, promptName: choices.prompt_name ?? undefined };
        const named = nameInputs('inputs', inputs).map((input) => ({ ...input, ...prompt }));
        return serveVectors(
          { request, reply, embedder, config },
          named,
          {
            dimensions: dimensions ?? null,
            anyDimensions: true,
            normalize: normalize ?? true,
            truncate: teiTruncation(choices, config.truncate),
          },
          (result) => {
            sendTeiHeaders(reply, embedder.model, charactersOfInputs(named), result);
            return encodeRows(result.vectors);
          },
        );
      },
    });
  }

  app.route({
    method: 'POST',
    url: '/similarity',
    config: { errors: teiErrors },
    schema: {
      operationId: 'teiSimilarity',
      tags,
      summary: 'Compare a text with others',
      description: 'As text-embeddings-inference, and as `sentence-similarity` of Hugging Face clients.',
      headers: RequestHeaders,
      body: teiSimilarityBody(config.maxInputs),
      response: answers(
        {
          description: 'The scores',
          schema: TeiSimilarityResponse,
          headers: teiHeaders,
          example: teiSimilarityExample.response,
        },
        TEI_WORK_ERRORS,
        teiErrors,
      ),
    },
    handler: async (request, reply) => {
      const { service: embedder } = chooseFirstModel(request, models, 'embed');
      const { inputs, parameters = {} } = request.body;
      const prompt = { role: null, instruction: null, promptName: parameters.prompt_name ?? undefined };
      const texts = [
        ...nameInputs('inputs.source_sentence', inputs.source_sentence),
        ...nameInputs('inputs.sentences', inputs.sentences),
      ].map((text) => ({ ...text, ...prompt }));
      if (texts.length > config.maxInputs) {
        throw new HotvecError(
          'too_many_inputs',
          `Cannot embed ${texts.length} sentences: the limit is ${config.maxInputs} per request, the source sentence included.`,
          { param: 'inputs.sentences' },
        );
      }
      return serveVectors(
        { request, reply, embedder, config },
        texts,
        { dimensions: null, normalize: null, truncate: teiTruncation(parameters, config.truncate) },
        async (result) => {
          const scores = await embedder.compare(result.vectors.slice(0, 1), result.vectors.slice(1), 'cosine');
          sendTeiHeaders(reply, embedder.model, charactersOfInputs(texts), result);
          return encodeRow(scores);
        },
      );
    },
  });

  for (const [url, wanted] of Object.entries(NOT_SERVED)) {
    app.route({
      method: 'POST',
      url,
      config: { errors: teiErrors, isNotServed: true },
      schema: { hide: true },
      // Before a body is read.
      onRequest: async () => {
        throw new HotvecError('not_found', `No model of this server does that: ${url} requires ${wanted}.`);
      },
      handler: async () => {},
    });
  }
  done();
};
