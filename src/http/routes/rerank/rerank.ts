import type { FastifyPluginCallback } from 'fastify';
import type { Static } from 'typebox';
import type { RerankInput } from '../../../tasks/reranking/reranker.ts';
import { boundOfRanking, encodeRanking } from '../../answers/encode-ranking.ts';
import { cohereMetaOf, rank, rankingUsageOf } from '../../answers/rank.ts';
import { serveWork } from '../../answers/serve-work.ts';
import { chooseModel } from '../../body/choose-model.ts';
import { readTruncation } from '../../body/read-truncation.ts';
import { answers, WORK_ERRORS, workHeaders } from '../../openapi/documented-answers.ts';
import { responseExamples } from '../../openapi/documented-examples.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { OwnForm, RouteOptions } from '../route-options.ts';
import { rerankExamples } from './examples.ts';
import { RerankResponse, rerankBody } from './schemas.ts';

type RerankRequest = Static<ReturnType<typeof rerankBody>>;

/** The version of Cohere's API that has this shape. */
const COHERE_VERSION = '1';

/** POST /v1/rerank, or whatever the `urls` are. */
export const rerankRoutes: FastifyPluginCallback<{ form: OwnForm; urls: readonly string[] }> = (
  app,
  { form: { body, response, handle }, urls },
  done,
) => {
  for (const url of urls) {
    app.route({
      method: 'POST',
      url,
      schema: {
        hide: url !== '/v1/rerank',
        operationId: 'createRerank',
        tags: ['reranking'],
        summary: 'Rank documents for a query',
        description:
          'As Jina, Cohere (version 1), vLLM and others have it, with optional extensions. Also at `/rerank`.',
        headers: RequestHeaders,
        body,
        response,
      },
      handler: handle,
    });
  }
  done();
};

/** How documents are ranked: body, answers and handler of the routes. */
export function rerankForm({ models, config }: RouteOptions<'maxInputs' | 'truncate' | 'deadlineMs'>): OwnForm {
  return {
    body: rerankBody(config.maxInputs),
    response: answers(
      {
        description: 'The documents with their scores, best first',
        schema: RerankResponse,
        headers: workHeaders,
        examples: responseExamples(rerankExamples),
      },
      WORK_ERRORS,
    ),
    handle: async (request, reply) => {
      const body = request.body as RerankRequest;
      const { top_n: topN, return_documents: repeats = false, on_error: onError } = body;
      const { model: served } = chooseModel(request, models, body.model, 'rerank');
      const { service: reranker } = served;
      const input = inputOf(body);
      const { documents } = input;
      const options = {
        truncate: readTruncation(body, config.truncate),
        maxDocumentTokens: body.max_tokens_per_doc,
        rawScores: body.raw_scores,
        onError,
      };
      const answerBytes = boundOfRanking(documents.length, {
        repeatedBytes: repeats ? request.bodyBytes : 0,
        mayFail: onError === 'partial',
      });
      return serveWork(
        { request, reply, service: reranker, config, answerBytes },
        (context) => reranker.rerank(input, { ...context, ...options }),
        (result) => {
          const tail = { usage: rankingUsageOf(result), meta: cohereMetaOf(COHERE_VERSION, documents.length) };
          return encodeRanking(rank(result).slice(0, topN), {
            before: `${JSON.stringify({ id: request.id, model: served.name }).slice(0, -1)},"results":`,
            after: `,${JSON.stringify(tail).slice(1)}`,
            scoreName: 'relevance_score',
            failures: result.failures,
            extras: ({ index, tokens, truncated }) => ({
              ...(truncated ? { truncated, tokens } : {}),
              ...(repeats ? { document: { text: documents[index]?.text } } : {}),
            }),
          });
        },
      );
    },
  };
}

function inputOf({ query, documents, instruction }: RerankRequest): RerankInput {
  const textOf = (document: RerankRequest['documents'][number]) =>
    typeof document === 'string' ? document : document.text;
  return {
    query: { text: query, name: 'query' },
    documents: documents.map((document, i) => ({ text: textOf(document), name: `documents[${i}]` })),
    instruction: instruction ?? null,
  };
}
