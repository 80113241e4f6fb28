import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { HotvecError } from '../../../errors.ts';
import { boundOfRows } from '../../answers/encode-rows.ts';
import { encodeEmbeddings } from '../../answers/encode-vectors.ts';
import { serveVectors, sizeOfVectors } from '../../answers/serve-vectors.ts';
import { usageOf } from '../../answers/serve-work.ts';
import { chooseModel } from '../../body/choose-model.ts';
import { chooseRole } from '../../body/choose-role.ts';
import { checkOutputDtype } from '../../body/output-dtype.ts';
import { readTruncation } from '../../body/read-truncation.ts';
import { nameInputs } from '../../body/request-inputs.ts';
import { answers, WORK_ERRORS, workHeaders } from '../../openapi/documented-answers.ts';
import { responseExamples } from '../../openapi/documented-examples.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../route-options.ts';
import { embeddingsExamples } from './examples.ts';
import { EmbeddingsResponse, embeddingsBody } from './schemas.ts';

/** Of an input's error, at most, in the place of its vector. */
const BYTES_PER_ERROR = 512;

/** POST /v1/embeddings, and the same without /v1. */
export const embeddingsRoutes: FastifyPluginCallbackTypebox<RouteOptions<'maxInputs' | 'truncate' | 'deadlineMs'>> = (
  app,
  { models, config },
  done,
) => {
  const body = embeddingsBody(config.maxInputs);
  for (const url of ['/v1/embeddings', '/embeddings']) {
    app.route({
      method: 'POST',
      url,
      // LiteLLM asks here, as for Voyage, and never says what it sends.
      ...(url === '/embeddings' ? { config: { takesUntypedBody: true } } : {}),
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
            description: 'One vector per input, in the order of the inputs',
            schema: EmbeddingsResponse,
            headers: workHeaders,
            examples: responseExamples(embeddingsExamples),
          },
          WORK_ERRORS,
        ),
      },
      handler: async (request, reply) => {
        const { input, model, encoding_format: format = 'float', ...options } = request.body;
        const { value: dtype = 'float', name: dtypeName } = readEither(
          ['output_dtype', options.output_dtype],
          // NIM's word for the same.
          ['embedding_type', options.embedding_type],
        );
        const { model: served, role } = chooseModel(request, models, model, 'embed');
        const { service: embedder } = served;
        const prompt = {
          role: chooseRole(role, options.input_type),
          instruction: options.instruction ?? null,
        };
        const inputs = nameInputs('input', input).map((one) => ({ ...one, ...prompt }));
        const wanted = readEither(
          ['dimensions', options.dimensions],
          // Voyage's.
          ['output_dimension', options.output_dimension],
        );
        const vectorOptions = {
          dimensions: wanted.value ?? null,
          dimensionsName: wanted.name,
          normalize: options.normalize ?? null,
          truncate: readTruncation(options, config.truncate),
          // Else the header decides.
          ...(options.token_ids === undefined ? {} : { tokenIds: options.token_ids }),
          onError: options.on_error,
        };
        const { dimensions, normalization } = embedder.model;
        const isUnit = options.normalize ?? normalization === 'after_cut';
        checkOutputDtype(dtype, vectorOptions.dimensions ?? dimensions, isUnit, {
          dtype: dtypeName,
          dimensions: wanted.name,
        });
        const size = sizeOfVectors(embedder, vectorOptions.dimensions);
        const answerBytes =
          boundOfRows(inputs.length, size, format, dtype) +
          (options.on_error === 'partial' ? inputs.length * BYTES_PER_ERROR : 0);
        return serveVectors({ request, reply, embedder, config, answerBytes }, inputs, vectorOptions, (result) =>
          encodeEmbeddings({
            vectors: result.vectors,
            failures: result.failures,
            format,
            dtype,
            extras: (at) => (result.truncated[at] ? { truncated: true, tokens: result.tokens[at] } : {}),
            model: served.name,
            usage: usageOf(result),
          }),
        );
      },
    });
  }
  done();
};

type Field<Name, Value> = readonly [name: Name, value: Value | undefined];

/**
 * The value of a field that another service calls otherwise, and the name that the request used, for errors; ours where it
 * says nothing.
 * @throws {HotvecError} invalid_input, where both are sent and contradict each other.
 */
function readEither<Ours extends string, Theirs extends string, Value extends string | number>(
  [ours, value]: Field<Ours, Value>,
  [theirs, other]: Field<Theirs, Value>,
): { value: Value | undefined; name: Ours | Theirs } {
  if (value !== undefined && other !== undefined && value !== other) {
    throw new HotvecError('invalid_input', `${ours} is ${value} but ${theirs} is ${other}; send only one of them.`, {
      param: theirs,
    });
  }
  return value === undefined && other !== undefined ? { value: other, name: theirs } : { value, name: ours };
}
