import type { FastifyPluginCallback } from 'fastify';
import type { Static } from 'typebox';
import { boundOfRanking, encodeRanking } from '../../answers/encode-ranking.ts';
import { openaiErrors } from '../../answers/error-format.ts';
import { rank } from '../../answers/rank.ts';
import { serveWork } from '../../answers/serve-work.ts';
import { chooseFirstModel } from '../../body/choose-model.ts';
import { answers } from '../../openapi/documented-answers.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { OwnForm, RouteOptions } from '../../routes/route-options.ts';
import { TEI_WORK_ERRORS, teiErrors } from './errors.ts';
import { teiRerankExample } from './examples.ts';
import { charactersOf, sendTeiHeaders, teiHeaders } from './headers.ts';
import { TeiRerankResponse, teiRerankBody } from './schemas.ts';
import { teiTruncation } from './truncation.ts';

type TeiRerank = Static<ReturnType<typeof teiRerankBody>>;

export interface TeiRerankOptions extends RouteOptions<'maxInputs' | 'truncate' | 'deadlineMs'> {
  rerank: OwnForm;
}

/** POST /rerank: text-embeddings-inference has its own body there, with `texts`, beside the usual one with `documents`. */
export const teiRerankRoutes: FastifyPluginCallback<TeiRerankOptions> = (app, { models, config, rerank }, done) => {
  const body = teiRerankBody(config.maxInputs);
  const answer = teiRerankHandler({ models, config });
  app.route({
    method: 'POST',
    url: '/rerank',
    config: { errors: teiErrors, otherForms: [{ ...rerank, errors: openaiErrors, mark: 'documents' }] },
    schema: {
      operationId: 'teiRerank',
      tags: ['text-embeddings-inference'],
      summary: 'Score texts for a query',
      description:
        'As text-embeddings-inference, also at `/` and `/invocations`. A body with `documents` is answered as by `/v1/rerank`.',
      headers: RequestHeaders,
      body,
      response: answers(
        {
          description: 'The scores, highest first',
          schema: TeiRerankResponse,
          headers: teiHeaders,
          example: teiRerankExample.response,
        },
        TEI_WORK_ERRORS,
        teiErrors,
      ),
    },
    handler: (request, reply) =>
      'documents' in (request.body as object) ? rerank.handle(request, reply) : answer(request, reply),
  });
  done();
};

/** Ranks the texts of a body of text-embeddings-inference. */
export function teiRerankHandler({ models, config }: RouteOptions<'truncate' | 'deadlineMs'>): OwnForm['handle'] {
  return async (request, reply) => {
    const { query, texts, raw_scores, return_text, ...choices } = request.body as TeiRerank;
    const { service: reranker } = chooseFirstModel(request, models, 'rerank');
    const input = {
      query: { text: query, name: 'query' },
      documents: texts.map((text, i) => ({ text, name: `texts[${i}]` })),
      instruction: null,
    };
    const options = { truncate: teiTruncation(choices, config.truncate), rawScores: raw_scores ?? false };
    const answerBytes = boundOfRanking(texts.length, { repeatedBytes: return_text === true ? request.bodyBytes : 0 });
    return serveWork(
      { request, reply, service: reranker, config, answerBytes },
      (context) => reranker.rerank(input, { ...context, ...options }),
      (result) => {
        const characters = texts.reduce((sum, text) => sum + charactersOf(text), texts.length * charactersOf(query));
        sendTeiHeaders(reply, reranker.model, characters, result);
        return encodeRanking(rank(result), {
          scoreName: 'score',
          extras: ({ index }) => (return_text === true ? { text: texts[index] } : {}),
        });
      },
    );
  };
}
