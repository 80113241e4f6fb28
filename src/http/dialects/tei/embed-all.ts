import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { HotvecError } from '../../../errors.ts';
import { encodeRowLists } from '../../answers/encode-row-lists.ts';
import { boundOfRows } from '../../answers/encode-rows.ts';
import { serveVectors } from '../../answers/serve-vectors.ts';
import { chooseFirstModel } from '../../body/choose-model.ts';
import { nameInputs } from '../../body/request-inputs.ts';
import { answers } from '../../openapi/documented-answers.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { TEI_WORK_ERRORS, teiErrors } from './errors.ts';
import { teiEmbedAllExample } from './examples.ts';
import { charactersOfInputs, sendTeiHeaders, teiHeaders } from './headers.ts';
import { TeiEmbedAllResponse, teiEmbedAllBody } from './schemas.ts';
import { teiTruncation } from './truncation.ts';

/** POST /embed_all: vectors of single tokens, before pooling. */
export const teiEmbedAllRoutes: FastifyPluginCallbackTypebox<RouteOptions<'maxInputs' | 'truncate' | 'deadlineMs'>> = (
  app,
  { models, config },
  done,
) => {
  app.route({
    method: 'POST',
    url: '/embed_all',
    config: { errors: teiErrors },
    schema: {
      operationId: 'teiEmbedAll',
      tags: ['text-embeddings-inference'],
      summary: 'Embed the tokens of texts',
      description:
        'As text-embeddings-inference: the hidden states before pooling, special tokens and prompts included, not normalized.',
      headers: RequestHeaders,
      body: teiEmbedAllBody(config.maxInputs),
      response: answers(
        {
          description: 'An array of vectors per input',
          schema: TeiEmbedAllResponse,
          headers: teiHeaders,
          example: teiEmbedAllExample.response,
        },
        TEI_WORK_ERRORS,
        teiErrors,
      ),
    },
    handler: async (request, reply) => {
      const { service: embedder } = chooseFirstModel(request, models, 'embed');
      const { inputs, prompt_name, ...choices } = request.body;
      if (!embedder.model.givesTokenVectors) {
        throw new HotvecError(
          'not_found',
          'This model produces no vectors of single tokens: its graph does its own pooling, or Dense modules come after pooling.',
        );
      }
      const prompt = { role: null, instruction: null, promptName: prompt_name ?? undefined };
      const named = nameInputs('inputs', inputs).map((input) => ({ ...input, ...prompt }));
      const { rowSize } = embedder.model;
      return serveVectors(
        // How long it becomes is known when the tokens are counted.
        { request, reply, embedder, config, answerBytes: 0 },
        named,
        {
          dimensions: null,
          normalize: null,
          truncate: teiTruncation(choices, config.truncate),
          perToken: true,
          onTokenized: (tokens) => request.held.reserve(boundOfRows(tokens + named.length, rowSize)),
        },
        (result) => {
          sendTeiHeaders(reply, embedder.model, charactersOfInputs(named), result);
          return encodeRowLists(result.vectors.map((matrix) => rowsOf(matrix, rowSize)));
        },
      );
    },
  });
  done();
};

function rowsOf(matrix: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: matrix.length / width }, (_, i) => matrix.subarray(i * width, (i + 1) * width));
}
