import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { EmbedOptions, EmbedResult, ModelFacts } from '../../embedding/embedder.ts';
import type { Role } from '../../embedding/prompt.ts';
import { HotvecError } from '../../errors.ts';
import { answers, WORK_ERRORS, workHeaders } from '../documented-answers.ts';
import { encodeRows } from '../encode-rows.ts';
import { checkOutputDtype } from '../output-dtype.ts';
import { nameInputs } from '../request-inputs.ts';
import type { EmbeddingsOptions } from '../routes/embeddings.ts';
import { RequestHeaders } from '../schemas.ts';
import { serveVectors, usageOf } from '../serve-vectors.ts';
import { cohereErrors } from './cohere-errors.ts';
import { cohereEmbedExample } from './cohere-examples.ts';
import { CohereEmbedResponse, cohereEmbedBody, type embeddingTypes, type inputTypes } from './cohere-schemas.ts';

type EmbeddingType = (typeof embeddingTypes)[number];

const TRUNCATIONS: Record<'NONE' | 'START' | 'END', EmbedOptions['truncate']> = {
  NONE: 'error',
  START: 'start',
  END: 'end',
};

/** POST /v2/embed, as Cohere has it. */
export const cohereRoutes: FastifyPluginCallbackTypebox<EmbeddingsOptions> = (
  app,
  { embedder, names, config },
  done,
) => {
  app.route({
    method: 'POST',
    url: '/v2/embed',
    config: { errors: cohereErrors },
    schema: {
      operationId: 'cohereEmbed',
      tags: ['cohere'],
      summary: 'Embed texts',
      description: 'As version 2 of the Cohere API.',
      headers: RequestHeaders,
      body: cohereEmbedBody(config.maxInputs),
      response: answers(
        {
          description: 'The vectors, by type',
          schema: CohereEmbedResponse,
          headers: workHeaders,
          example: cohereEmbedExample.response,
        },
        WORK_ERRORS,
        cohereErrors,
      ),
    },
    handler: async (request, reply) => {
      const { model, texts, input_type, truncate = 'END', output_dimension: dimensions = null } = request.body;
      const { embedding_types: types = ['float' as const] } = request.body;
      if (request.body.images !== undefined || input_type === 'image') throw textsOnly('images');
      if (request.body.inputs !== undefined) throw textsOnly('inputs');
      if (texts === undefined) throw new HotvecError('invalid_input', 'texts is missing.', { param: 'texts' });
      for (const type of types) checkOutputDtype(dtypeOf(type), dimensions ?? embedder.model.hiddenSize, true);
      const role = roleFor(input_type, names.resolve(model).role, embedder.model);
      return serveVectors(
        { request, reply, embedder, config },
        nameInputs('texts', texts).map((text) => ({ ...text, role, instruction: null })),
        { dimensions, normalize: true, truncate: TRUNCATIONS[truncate], maxInputTokens: request.body.max_tokens },
        (result) => encodeByType(result, types, request.id, texts),
      );
    },
  });
  done();
};

/** Each type is written from the same vectors; `base64` is that of the float32. */
async function encodeByType(
  result: EmbedResult,
  types: readonly EmbeddingType[],
  id: string,
  texts: readonly string[],
): Promise<Buffer[]> {
  const head = JSON.stringify({ response_type: 'embeddings_by_type', id }).slice(0, -1);
  const chunks: Buffer[] = [Buffer.from(`${head},"embeddings":{`)];
  for (const [i, type] of types.entries()) {
    const rows = await encodeRows(result.vectors, {
      before: `${i === 0 ? '' : ','}"${type}":`,
      format: type === 'base64' ? 'base64' : 'float',
      dtype: dtypeOf(type),
    });
    chunks.push(...rows);
  }
  const meta = { api_version: { version: '2' }, billed_units: { input_tokens: usageOf(result).total_tokens } };
  chunks.push(Buffer.from(`},${JSON.stringify({ texts, meta }).slice(1)}`));
  return chunks;
}

function dtypeOf(type: EmbeddingType): Exclude<EmbeddingType, 'base64'> {
  return type === 'base64' ? 'float' : type;
}

/**
 * The prompt of an input type. A Cohere client must name one: where the model has no such prompt, the text goes without.
 * @throws {HotvecError} invalid_input, where the model's name asks for another.
 */
function roleFor(type: (typeof inputTypes)[number], roleOfName: Role | null, model: ModelFacts): Role | null {
  const role = type === 'search_query' ? 'query' : 'document';
  if (roleOfName !== null && roleOfName !== role) {
    throw new HotvecError('invalid_input', `The model's name asks for ${roleOfName} and input_type for ${role}.`, {
      param: 'input_type',
    });
  }
  return model.prompts[role] === undefined ? null : role;
}

function textsOnly(param: string): HotvecError {
  return new HotvecError('invalid_input', `This server embeds texts and no images: send texts instead of ${param}.`, {
    param,
  });
}
