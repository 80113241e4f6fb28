import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { HotvecError } from '../../../errors.ts';
import type { EmbeddingFacts, EmbedOptions, EmbedResult } from '../../../tasks/embedding/embedder.ts';
import type { Role } from '../../../tasks/embedding/prompt.ts';
import { boundOfRows, type EncodingFormat, encodeRows } from '../../answers/encode-rows.ts';
import { serveVectors, sizeOfVectors } from '../../answers/serve-vectors.ts';
import { usageOf } from '../../answers/serve-work.ts';
import { chooseModel } from '../../body/choose-model.ts';
import { checkOutputDtype, type OutputDtype } from '../../body/output-dtype.ts';
import { nameInputs } from '../../body/request-inputs.ts';
import { answers, WORK_ERRORS, workHeaders } from '../../openapi/documented-answers.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { cohereErrors } from './errors.ts';
import { cohereEmbedExample, cohereV1EmbedExample } from './examples.ts';
import {
  type CohereEmbed,
  CohereEmbedResponse,
  CohereV1EmbedResponse,
  cohereEmbedBody,
  cohereV1EmbedBody,
  type embeddingTypes,
} from './schemas.ts';

type EmbeddingType = (typeof embeddingTypes)[number];

const TRUNCATIONS: Record<'NONE' | 'START' | 'END', EmbedOptions['truncate']> = {
  NONE: 'error',
  START: 'start',
  END: 'end',
};

/** What Cohere calls them. */
const FIELDS = { dtype: 'embedding_types', dimensions: 'output_dimension' };

const ROUTES = [
  {
    version: '2',
    operationId: 'cohereEmbed',
    bodyOf: cohereEmbedBody,
    schema: CohereEmbedResponse,
    example: cohereEmbedExample.response,
  },
  {
    version: '1',
    operationId: 'cohereV1Embed',
    bodyOf: cohereV1EmbedBody,
    schema: CohereV1EmbedResponse,
    example: cohereV1EmbedExample.response,
  },
] as const;

/** POST /v2/embed, and /v1/embed, which libraries still use, as Cohere has them. */
export const cohereRoutes: FastifyPluginCallbackTypebox<RouteOptions<'maxInputs' | 'deadlineMs'>> = (
  app,
  { models, config },
  done,
) => {
  for (const { version, operationId, bodyOf, schema, example } of ROUTES) {
    app.route({
      method: 'POST',
      url: `/v${version}/embed`,
      config: { errors: cohereErrors },
      schema: {
        operationId,
        tags: ['cohere'],
        summary: 'Embed texts',
        description: `As version ${version} of the Cohere API.`,
        headers: RequestHeaders,
        body: bodyOf(config.maxInputs),
        response: answers(
          { description: 'The vectors', schema, headers: workHeaders, example },
          WORK_ERRORS,
          cohereErrors,
        ),
      },
      handler: async (request, reply) => {
        const body = request.body as CohereEmbed;
        const { model, texts, input_type, truncate = 'END', output_dimension: dimensions = null } = body;
        const { embedding_types: types = ['float' as const] } = body;
        if (body.images !== undefined || input_type === 'image') throw textsOnly('images');
        if (body.inputs !== undefined) throw textsOnly('inputs');
        if (texts === undefined) throw new HotvecError('invalid_input', 'texts is missing.', { param: 'texts' });
        const { model: served, role: roleOfName } = chooseModel(request, models, model, 'embed');
        const { service: embedder } = served;
        const size = dimensions ?? embedder.model.dimensions;
        for (const type of types) checkOutputDtype(dtypeOf(type), size, true, FIELDS);
        const role = roleFor(input_type, roleOfName, embedder.model);
        const isUntyped = version === '1' && body.embedding_types === undefined;
        const encodings = isUntyped ? [{}] : types.map(encodingOf);
        const answerBytes = encodings.reduce(
          (sum, { format, dtype }) =>
            sum + boundOfRows(texts.length, sizeOfVectors(embedder, dimensions), format, dtype),
          // The texts are repeated.
          2 * (request.bodyBytes ?? 0),
        );
        return serveVectors(
          { request, reply, embedder, config, answerBytes },
          nameInputs('texts', texts).map((text) => ({ ...text, role, instruction: null })),
          {
            dimensions,
            dimensionsName: FIELDS.dimensions,
            normalize: true,
            truncate: TRUNCATIONS[truncate],
            maxInputTokens: body.max_tokens,
          },
          (result) => encodeAnswer(result, isUntyped ? null : types, { id: request.id, texts, version }),
        );
      },
    });
  }
  done();
};

interface Around {
  id: string;
  texts: readonly string[];
  version: string;
}

/** @param types null: vectors in a separate array, as in version 1. */
async function encodeAnswer(
  result: EmbedResult,
  types: readonly EmbeddingType[] | null,
  { id, texts, version }: Around,
): Promise<Buffer[]> {
  const response_type = types === null ? 'embeddings_floats' : 'embeddings_by_type';
  const head = JSON.stringify({ response_type, id }).slice(0, -1);
  const meta = { api_version: { version }, billed_units: { input_tokens: usageOf(result).total_tokens } };
  return [
    Buffer.from(`${head},"embeddings":`),
    ...(types === null ? await encodeRows(result.vectors) : await encodeByType(result.vectors, types)),
    Buffer.from(`,${JSON.stringify({ texts, meta }).slice(1)}`),
  ];
}

/** Each type is written from the same vectors; `base64` is that of the float32. */
async function encodeByType(vectors: readonly Float32Array[], types: readonly EmbeddingType[]): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for (const [i, type] of types.entries()) {
    const rows = await encodeRows(vectors, {
      before: `${i === 0 ? '{' : ','}"${type}":`,
      ...encodingOf(type),
    });
    chunks.push(...rows);
  }
  return [...chunks, Buffer.from('}')];
}

function encodingOf(type: EmbeddingType): { format?: EncodingFormat; dtype?: OutputDtype } {
  return { format: type === 'base64' ? 'base64' : 'float', dtype: dtypeOf(type) };
}

function dtypeOf(type: EmbeddingType): Exclude<EmbeddingType, 'base64'> {
  return type === 'base64' ? 'float' : type;
}

/**
 * The prompt of an input type. A client of version 2 must name one: where the model has no such prompt, the text goes without.
 * @throws {HotvecError} invalid_input, where the model's name asks for another.
 */
function roleFor(type: CohereEmbed['input_type'], roleOfName: Role | null, model: EmbeddingFacts): Role | null {
  if (type === undefined) return roleOfName;
  const role = type === 'search_query' ? 'query' : 'document';
  if (roleOfName !== null && roleOfName !== role) {
    throw new HotvecError('invalid_input', `The model name asks for ${roleOfName}, but input_type asks for ${role}.`, {
      param: 'input_type',
    });
  }
  return model.prompts[role] === undefined ? null : role;
}

function textsOnly(param: string): HotvecError {
  return new HotvecError('invalid_input', `This server embeds texts, not images: send texts instead of ${param}.`, {
    param,
  });
}
