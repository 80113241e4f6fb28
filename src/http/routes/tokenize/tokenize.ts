import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { boundOfTokens, encodeTokens } from '../../answers/encode-tokens.ts';
import { sendChunks } from '../../answers/send-chunks.ts';
import { chooseModel } from '../../body/choose-model.ts';
import { chooseRole } from '../../body/choose-role.ts';
import { readTruncation } from '../../body/read-truncation.ts';
import { nameInputs } from '../../body/request-inputs.ts';
import { answers, tokenizeHeaders } from '../../openapi/documented-answers.ts';
import { responseExamples } from '../../openapi/documented-examples.ts';
import { RequestIdHeader } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../route-options.ts';
import { tokenizeExamples } from './examples.ts';
import { TokenizeResponse, tokenizeBody } from './schemas.ts';

/** POST /v1/tokenize: what `/v1/embeddings` would give the model. It needs no engine: it answers while one restarts. */
export const tokenizeRoutes: FastifyPluginCallbackTypebox<RouteOptions<'maxInputs' | 'truncate'>> = (
  app,
  { models, config },
  done,
) => {
  app.route({
    method: 'POST',
    url: '/v1/tokenize',
    schema: {
      operationId: 'tokenize',
      tags: ['embeddings'],
      summary: 'Count tokens without embedding',
      description:
        'Token ids and counts of texts, exactly as `/v1/embeddings` would embed and charge them with the same `model`, `input_type`, `instruction` and `truncate`. Also works while the engine loads or restarts.',
      headers: RequestIdHeader,
      body: tokenizeBody(config.maxInputs),
      response: answers(
        {
          description: 'Tokens of each input, in the order of the inputs',
          schema: TokenizeResponse,
          headers: tokenizeHeaders,
          examples: responseExamples(tokenizeExamples),
        },
        [400, 401, 404, 408, 413, 415, 429],
      ),
    },
    handler: async (request, reply) => {
      const { input, model, input_type, instruction = null, return_pieces: isDescribed, ...options } = request.body;
      const truncate = readTruncation(options, config.truncate);
      const { model: served, role: roleOfName } = chooseModel(request, models, model, 'embed');
      const { service: embedder } = served;
      const role = chooseRole(roleOfName, input_type);
      const inputs = nameInputs('input', input).map((one) => ({ ...one, role, instruction }));
      request.progress.enter('tokenize');
      const startedAt = performance.now();
      const overlength = truncate === 'error' ? 'keep' : truncate;
      const tokenized = await (isDescribed === true
        ? embedder.describeTokens(inputs, overlength)
        : embedder.tokenize(inputs, overlength));
      const duration = performance.now() - startedAt;
      request.held.reserve(boundOfTokens(tokenized));
      request.progress.enter('encode');
      const chunks = await encodeTokens(tokenized, {
        model: served.name,
        maxInputTokens: embedder.model.maxInputTokens,
      });
      request.progress.enter('send');
      const cut = tokenized.filter(({ truncated }) => truncated).length;
      if (cut > 0) void reply.header('x-truncated-inputs', cut);
      return sendChunks(reply.header('server-timing', `tokenize;dur=${duration.toFixed(2)}`), chunks);
    },
  });
  done();
};
