import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Config } from '../../config.ts';
import type { Embedder } from '../../embedding/embedder.ts';
import type { Role } from '../../embedding/prompt.ts';
import { HotvecError } from '../../errors.ts';
import { answers, WORK_ERRORS, workHeaders } from '../documented-answers.ts';
import { embeddingsExample } from '../documented-examples.ts';
import { encodeEmbeddings } from '../encode-vectors.ts';
import type { ModelNames } from '../model-names.ts';
import { checkOutputDtype, outputDtypes } from '../output-dtype.ts';
import { nameInputs, roleOf } from '../request-inputs.ts';
import { commonFields, oneOf, RequestHeaders, roles, Usage } from '../schemas.ts';
import { serveVectors, usageOf } from '../serve-vectors.ts';

export interface EmbeddingsOptions {
  embedder: Embedder;
  names: ModelNames;
  config: Config;
}

/** The request's body. Token ids go to the model as they are. */
export function embeddingsBody(maxInputs: number) {
  const tokenIds = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 });
  return Type.Object(
    {
      input: Type.Union(
        [
          Type.String({ minLength: 1 }),
          Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: maxInputs }),
          tokenIds,
          Type.Array(tokenIds, { minItems: 1, maxItems: maxInputs }),
        ],
        { description: 'A text, texts, token ids of a text, or token ids of texts' },
      ),
      encoding_format: Type.Optional(
        oneOf(['float', 'base64'], {
          description:
            '`base64`: the bytes, of little-endian float32 or of `output_dtype`. Left out: `float`, JSON numbers',
        }),
      ),
      output_dtype: Type.Optional(
        oneOf(outputDtypes, {
          description:
            '`int8`: 32·√n·x, rounded, −127 to 127, for vectors of length 1 and n components; `uint8`: plus 128. `ubinary`: a bit a component, 1 where it is above 0, the first in the highest bit; `binary`: the bytes minus 128. Left out: `float`',
        }),
      ),
      input_type: Type.Optional(
        oneOf(roles, {
          description: "Adds the model's own prompt; `passage` is another word for `document`. Left out: no prompt",
        }),
      ),
      normalize: Type.Optional(
        Type.Boolean({ description: 'Whether vectors have length 1. Left out: as the model was trained' }),
      ),
      ...commonFields,
    },
    { additionalProperties: false, title: 'EmbeddingsRequest', examples: [embeddingsExample.request] },
  );
}

const EmbeddingsResponse = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object(
        {
          object: Type.Literal('embedding'),
          index: Type.Integer({ minimum: 0, description: 'Position of the input' }),
          embedding: Type.Union([
            Type.Array(Type.Number(), {
              description:
                '`float`: nine digits, enough to get the same float32 back; integers with another `output_dtype`',
            }),
            Type.String({
              contentEncoding: 'base64',
              description: '`base64`: little-endian float32, or the bytes of `output_dtype`',
            }),
          ]),
          truncated: Type.Optional(Type.Literal(true, { description: 'Only there when the input was cut short' })),
          tokens: Type.Optional(
            Type.Integer({ description: 'Tokens that were embedded; only there when the input was cut short' }),
          ),
        },
        { title: 'Embedding' },
      ),
    ),
    model: Type.String({ description: 'The served name' }),
    usage: Usage,
  },
  { title: 'EmbeddingsResponse' },
);

/** POST /v1/embeddings, and the same without /v1. */
export const embeddingsRoutes: FastifyPluginCallbackTypebox<EmbeddingsOptions> = (
  app,
  { embedder, names, config },
  done,
) => {
  const body = embeddingsBody(config.maxInputs);
  for (const url of ['/v1/embeddings', '/embeddings']) {
    app.route({
      method: 'POST',
      url,
      schema: {
        hide: url === '/embeddings',
        operationId: 'createEmbeddings',
        tags: ['embeddings'],
        summary: 'Embed texts',
        description: 'As the OpenAI API, with optional extensions. Also at `/embeddings`.',
        headers: RequestHeaders,
        body,
        response: answers(
          {
            description: 'One vector an input, in the order of the inputs',
            schema: EmbeddingsResponse,
            headers: workHeaders,
            example: embeddingsExample.response,
          },
          WORK_ERRORS,
        ),
      },
      handler: async (request, reply) => {
        const {
          input,
          model,
          encoding_format: format = 'float',
          output_dtype: dtype = 'float',
          ...options
        } = request.body;
        const prompt = {
          role: agree(names.resolve(model).role, roleOf(options.input_type)),
          instruction: options.instruction ?? null,
        };
        const inputs = nameInputs('input', input).map((one) => ({ ...one, ...prompt }));
        const vectorOptions = {
          dimensions: options.dimensions ?? null,
          normalize: options.normalize ?? null,
          truncate: options.truncate ?? config.truncate,
        };
        const { hiddenSize, normalize } = embedder.model;
        checkOutputDtype(dtype, options.dimensions ?? hiddenSize, options.normalize ?? normalize);
        return serveVectors({ request, reply, embedder, config }, inputs, vectorOptions, (result) =>
          encodeEmbeddings({
            vectors: result.vectors,
            format,
            dtype,
            extras: (index) => (result.truncated[index] ? { truncated: true, tokens: result.tokens[index] } : {}),
            model: names.served,
            usage: usageOf(result),
          }),
        );
      },
    });
  }
  done();
};

/** The prompt that model name and `input_type` ask for; they must not say different things. */
function agree(fromName: Role | null, fromField: Role | null): Role | null {
  if (fromName !== null && fromField !== null && fromName !== fromField) {
    throw new HotvecError('invalid_input', `The model's name asks for ${fromName} and input_type for ${fromField}.`, {
      param: 'input_type',
    });
  }
  return fromField ?? fromName;
}
