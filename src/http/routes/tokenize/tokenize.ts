import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { boundOfTokens, encodeTokens } from '../../answers/encode-tokens.ts';
import { sendChunks } from '../../answers/send-chunks.ts';
import { chooseModel } from '../../body/choose-model.ts';
import { chooseRole } from '../../body/choose-role.ts';
import { readTruncation, truncations } from '../../body/read-truncation.ts';
import { nameInputs } from '../../body/request-inputs.ts';
import { answers, tokenizeHeaders } from '../../openapi/documented-answers.ts';
import { type Exchanges, requestExamples, responseExamples } from '../../openapi/documented-examples.ts';
import { commonFields, oneOf, RequestIdHeader, roles } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../route-options.ts';

const tokenizeExamples: Exchanges = {
  texts: {
    summary: 'Ids and counts of two documents',
    request: { input: ['Hello world!', '中国的首都是什么？'], input_type: 'document' },
    response: {
      object: 'list',
      data: [
        { object: 'tokens', index: 0, count: 5, truncated: false, too_long: false, tokens: [39, 7442, 3508, 0, 11974] },
        {
          object: 'tokens',
          index: 1,
          count: 7,
          truncated: false,
          too_long: false,
          tokens: [2693, 271, 1319, 3029, 2397, 2277, 11974],
        },
      ],
      model: 'starter',
      count: 12,
      max_input_tokens: 8192,
    },
  },
};

/** The request's body: what of `/v1/embeddings` decides about tokens. */
export function tokenizeBody(maxInputs: number) {
  const { model, instruction } = commonFields;
  return Type.Object(
    {
      input: Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1, maxItems: maxInputs })], {
        description: 'A string or an array of strings, none empty',
      }),
      model,
      input_type: Type.Optional(
        oneOf(roles, { description: "Adds the model's own prompt, as in `/v1/embeddings`. Default: no prompt" }),
      ),
      instruction,
      truncate: Type.Optional(
        oneOf(truncations, {
          description:
            'What `/v1/embeddings` would do with inputs that are too long: cut off that side, or refuse them; here refused inputs are counted whole, and `too_long` says so',
        }),
      ),
    },
    { additionalProperties: false, title: 'TokenizeRequest', 'x-examples': requestExamples(tokenizeExamples) },
  );
}

const TokenizeResponse = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object(
        {
          object: Type.Literal('tokens'),
          index: Type.Integer({ minimum: 0, description: 'Position of the input' }),
          count: Type.Integer({ description: 'Tokens, including special tokens and the prompt' }),
          truncated: Type.Boolean({ description: 'Whether the input was truncated, as `truncate` requests' }),
          too_long: Type.Boolean({
            description: 'Whether `/v1/embeddings` would refuse it because it has too many tokens',
          }),
          tokens: Type.Array(Type.Integer({ minimum: 0 }), {
            description: 'Token ids; `/v1/embeddings` takes them as `input`',
          }),
        },
        { title: 'Tokens' },
      ),
    ),
    model: Type.String({ description: 'The served name' }),
    count: Type.Integer({ description: 'Tokens of all inputs: what `usage` of `/v1/embeddings` would say' }),
    max_input_tokens: Type.Integer({ description: 'Maximum tokens of an input' }),
  },
  { title: 'TokenizeResponse' },
);

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
      const { input, model, input_type, instruction = null, ...options } = request.body;
      const truncate = readTruncation(options, config.truncate);
      const { model: served, role: roleOfName } = chooseModel(request, models, model, 'embed');
      const { service: embedder } = served;
      const role = chooseRole(roleOfName, input_type);
      const inputs = nameInputs('input', input).map((one) => ({ ...one, role, instruction }));
      request.progress.enter('tokenize');
      const startedAt = performance.now();
      const tokenized = await embedder.tokenize(inputs, truncate === 'error' ? 'keep' : truncate);
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
