import { availableParallelism } from 'node:os';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { EmbedOptions } from '../../embedding/embedder.ts';
import { HotvecError } from '../../errors.ts';
import { packageVersion } from '../../package-info.ts';
import { checkReady } from '../check-ready.ts';
import { answers, workHeaders } from '../documented-answers.ts';
import { encodeRow, encodeRows } from '../encode-rows.ts';
import { nameInputs } from '../request-inputs.ts';
import type { EmbeddingsOptions } from '../routes/embeddings.ts';
import { RequestHeaders } from '../schemas.ts';
import { serveVectors } from '../serve-vectors.ts';
import { teiErrors } from './tei-errors.ts';
import { teiEmbedExample, teiSimilarityExample } from './tei-examples.ts';
import { TeiEmbedResponse, TeiInfo, TeiSimilarityResponse, teiEmbedBody, teiSimilarityBody } from './tei-schemas.ts';

/** Error statuses of a route that computes vectors. */
const WORK_ERRORS = [400, 401, 408, 409, 413, 415, 422, 424, 429, 500, 503, 504] as const;
/** What text-embeddings-inference calls precisions; it names others as we do. */
const DTYPES: Record<string, string> = { fp32: 'float32', fp16: 'float16', bf16: 'bfloat16' };
const tags = ['text-embeddings-inference'];

/** The API of Hugging Face's text-embeddings-inference, as far as a model of embeddings can serve it. */
export const teiRoutes: FastifyPluginCallbackTypebox<EmbeddingsOptions> = (app, { embedder, names, config }, done) => {
  const embedBody = teiEmbedBody(config.maxInputs);
  // Hugging Face's clients post to the address they are given, most often without a path.
  for (const url of ['/embed', '/']) {
    app.route({
      method: 'POST',
      url,
      config: { errors: teiErrors },
      schema: {
        hide: url === '/',
        operationId: 'teiEmbed',
        tags,
        summary: 'Embed texts',
        description: 'As text-embeddings-inference. Also at `/`.',
        headers: RequestHeaders,
        body: embedBody,
        response: answers(
          {
            description: 'The vectors',
            schema: TeiEmbedResponse,
            headers: workHeaders,
            example: teiEmbedExample.response,
          },
          WORK_ERRORS,
          teiErrors,
        ),
      },
      handler: async (request, reply) => {
        const { inputs, normalize = true, dimensions = null, ...choices } = request.body;
        const prompt = { role: null, instruction: null, promptName: choices.prompt_name };
        return serveVectors(
          { request, reply, embedder, config },
          nameInputs('inputs', inputs).map((input) => ({ ...input, ...prompt })),
          { dimensions, normalize, truncate: truncation(choices, config.truncate) },
          ({ vectors }) => encodeRows(vectors),
        );
      },
    });
  }

  app.route({
    method: 'POST',
    url: '/similarity',
    config: { errors: teiErrors },
    schema: {
      operationId: 'teiSimilarity',
      tags,
      summary: 'Compare a text with others',
      description: 'As text-embeddings-inference, and as `sentence-similarity` of Hugging Face clients.',
      headers: RequestHeaders,
      body: teiSimilarityBody(config.maxInputs),
      response: answers(
        {
          description: 'The scores',
          schema: TeiSimilarityResponse,
          headers: workHeaders,
          example: teiSimilarityExample.response,
        },
        WORK_ERRORS,
        teiErrors,
      ),
    },
    handler: async (request, reply) => {
      const { inputs, parameters = {} } = request.body;
      const prompt = { role: null, instruction: null, promptName: parameters.prompt_name ?? undefined };
      const texts = [
        ...nameInputs('inputs.source_sentence', inputs.source_sentence),
        ...nameInputs('inputs.sentences', inputs.sentences),
      ];
      if (texts.length > config.maxInputs) {
        throw new HotvecError(
          'too_many_inputs',
          `Cannot embed ${texts.length} sentences: the limit is ${config.maxInputs} per request, the source sentence included.`,
          { param: 'inputs.sentences' },
        );
      }
      return serveVectors(
        { request, reply, embedder, config },
        texts.map((text) => ({ ...text, ...prompt })),
        { dimensions: null, normalize: null, truncate: truncation(parameters, config.truncate) },
        async ({ vectors }) => encodeRow(await embedder.compare(vectors.slice(0, 1), vectors.slice(1), 'cosine')),
      );
    },
  });

  app.get(
    '/info',
    {
      config: { errors: teiErrors },
      schema: {
        operationId: 'teiInfo',
        tags,
        summary: 'What is served',
        response: answers({ description: 'Model and limits', schema: TeiInfo }, [401, 503], teiErrors),
      },
    },
    async () => {
      // Before that, precision and batch size are not known.
      checkReady(embedder);
      const { model } = embedder;
      const dtype = model.dtype ?? 'unknown';
      return {
        model_id: names.served,
        model_sha: model.revision,
        model_dtype: DTYPES[dtype] ?? dtype,
        served_model_name: names.served,
        model_type: { embedding: { pooling: model.pooling } },
        // The queue is bounded in tokens, and a request has one at least.
        max_concurrent_requests: config.maxQueueTokens,
        max_input_length: model.maxInputTokens,
        max_batch_tokens: model.batchTokens ?? 0,
        max_client_batch_size: config.maxInputs,
        auto_truncate: config.truncate !== 'error',
        tokenization_workers: availableParallelism(),
        version: packageVersion,
      };
    },
  );
  done();
};

interface TruncationChoices {
  truncate?: boolean | null | undefined;
  truncation_direction?: 'Left' | 'Right' | 'left' | 'right' | null | undefined;
}

/** A request that does not say gets what the operator chose. */
function truncation(choices: TruncationChoices, byDefault: EmbedOptions['truncate']): EmbedOptions['truncate'] {
  const { truncate, truncation_direction: direction } = choices;
  if (truncate === false || (truncate == null && byDefault === 'error')) return 'error';
  if (direction == null) return truncate === true ? 'end' : byDefault;
  return direction.toLowerCase() === 'left' ? 'start' : 'end';
}
