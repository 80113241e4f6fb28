import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { boundOfRanking, encodeRanking } from '../../answers/encode-ranking.ts';
import { cohereMetaOf, rank } from '../../answers/rank.ts';
import { serveWork } from '../../answers/serve-work.ts';
import { chooseModel } from '../../body/choose-model.ts';
import { answers, WORK_ERRORS, workHeaders } from '../../openapi/documented-answers.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { cohereErrors } from './errors.ts';
import { cohereRerankExample } from './examples.ts';
import { CohereRerankResponse, cohereRerankBody } from './schemas.ts';

const VERSION = '2';
/** Tokens of a document that Cohere reads where the request does not say. */
const TOKENS_PER_DOCUMENT = 4096;

/** POST /v2/rerank, as Cohere has it. Its version 1 has the shape of our own `/v1/rerank`. */
export const cohereRerankRoutes: FastifyPluginCallbackTypebox<RouteOptions<'maxInputs' | 'deadlineMs'>> = (
  app,
  { models, config },
  done,
) => {
  app.route({
    method: 'POST',
    url: '/v2/rerank',
    config: { errors: cohereErrors },
    schema: {
      operationId: 'cohereRerank',
      tags: ['cohere'],
      summary: 'Rank documents for a query',
      description: 'As version 2 of the Cohere API. Documents that are too long are cut off, not refused.',
      headers: RequestHeaders,
      body: cohereRerankBody(config.maxInputs),
      response: answers(
        {
          description: 'The documents with their scores, best first',
          schema: CohereRerankResponse,
          headers: workHeaders,
          example: cohereRerankExample.response,
        },
        WORK_ERRORS,
        cohereErrors,
      ),
    },
    handler: async (request, reply) => {
      const { model, query, documents, top_n: topN, return_documents: repeats = false } = request.body;
      const { service: reranker } = chooseModel(request, models, model, 'rerank').model;
      const input = {
        query: { text: query, name: 'query' },
        documents: documents.map((text, i) => ({ text, name: `documents[${i}]` })),
        instruction: null,
      };
      const maxDocumentTokens = request.body.max_tokens_per_doc ?? TOKENS_PER_DOCUMENT;
      const answerBytes = boundOfRanking(documents.length, { repeatedBytes: repeats ? request.bodyBytes : 0 });
      return serveWork(
        { request, reply, service: reranker, config, answerBytes },
        (context) => reranker.rerank(input, { ...context, truncate: 'end', maxDocumentTokens }),
        (result) =>
          encodeRanking(rank(result).slice(0, topN), {
            before: `${JSON.stringify({ id: request.id }).slice(0, -1)},"results":`,
            after: `,${JSON.stringify({ meta: cohereMetaOf(VERSION, documents.length) }).slice(1)}`,
            scoreName: 'relevance_score',
            extras: ({ index }) => (repeats ? { document: { text: documents[index] } } : {}),
          }),
      );
    },
  });
  done();
};
