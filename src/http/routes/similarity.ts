import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { EmbedInput } from '../../embedding/embedder.ts';
import { HotvecError } from '../../errors.ts';
import { type BestDocumentsOptions, checkRepeatedText, encodeBestDocuments } from '../best-documents.ts';
import { answers, WORK_ERRORS, workHeaders } from '../documented-answers.ts';
import { similarityExample } from '../documented-examples.ts';
import { encodeMatrix } from '../encode-vectors.ts';
import { nameInputs, roleOf } from '../request-inputs.ts';
import { commonFields, oneOf, RequestHeaders, roles, Usage } from '../schemas.ts';
import { serveVectors, usageOf } from '../serve-vectors.ts';
import type { EmbeddingsOptions } from './embeddings.ts';

const texts = (maxInputs: number, description: string) =>
  Type.Union(
    [Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: maxInputs })],
    { description },
  );

export function similarityBody(maxInputs: number) {
  return Type.Object(
    {
      queries: texts(maxInputs, 'A text or texts; each gets a row of scores'),
      documents: texts(maxInputs, 'A text or texts; each gets a column of scores'),
      ...commonFields,
      query_input_type: Type.Optional(
        oneOf(roles, { description: 'Prompt of the queries. Left out: `query`, where the model has such a prompt' }),
      ),
      document_input_type: Type.Optional(
        oneOf(roles, {
          description: 'Prompt of the documents. Left out: `document`, where the model has such a prompt',
        }),
      ),
      metric: Type.Optional(
        oneOf(['cosine', 'dot', 'euclidean', 'manhattan'], {
          description: 'Larger is more alike: distances are negated. Left out: `cosine`, clamped to [−1, 1]',
        }),
      ),
      scale: Type.Optional(Type.Number({ description: 'Factor of every score, e.g. 100. Left out: 1' })),
      top_k: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Adds `results`: the best documents of each query' }),
      ),
      return_documents: Type.Optional(Type.Boolean({ description: 'Repeat the texts in `results`' })),
    },
    { additionalProperties: false, title: 'SimilarityRequest', examples: [similarityExample.request] },
  );
}

const SimilarityResponse = Type.Object(
  {
    object: Type.Literal('similarity'),
    scores: Type.Array(Type.Array(Type.Number()), { description: 'queries × documents' }),
    results: Type.Optional(
      Type.Array(
        Type.Array(
          Type.Object(
            {
              index: Type.Integer({ minimum: 0, description: 'Position in `documents`' }),
              score: Type.Number(),
              document: Type.Optional(Type.String({ description: 'Only there with `return_documents`' })),
            },
            { title: 'SimilarityResult' },
          ),
        ),
        { description: 'The best documents of each query, best first; only there with `top_k`' },
      ),
    ),
    model: Type.String({ description: 'The served name' }),
    usage: Usage,
  },
  { title: 'SimilarityResponse' },
);

/** POST /v1/similarity: embeds two lists of texts and scores every pair. */
export const similarityRoutes: FastifyPluginCallbackTypebox<EmbeddingsOptions> = (
  app,
  { embedder, names, config },
  done,
) => {
  const body = similarityBody(config.maxInputs);
  app.route({
    method: 'POST',
    url: '/v1/similarity',
    schema: {
      operationId: 'createSimilarity',
      tags: ['embeddings'],
      summary: 'Score queries against documents',
      description:
        'Queries get the query prompt of the model and documents its document prompt, where it has them, unless told otherwise.',
      headers: RequestHeaders,
      body,
      response: answers(
        {
          description: 'Scores of every pair',
          schema: SimilarityResponse,
          headers: workHeaders,
          example: similarityExample.response,
        },
        WORK_ERRORS,
      ),
    },
    handler: async (request, reply) => {
      const { model, metric = 'cosine', scale = 1, ...options } = request.body;
      const queries = [options.queries].flat();
      const documents = [options.documents].flat();
      if (queries.length + documents.length > config.maxInputs) {
        throw new HotvecError(
          'too_many_inputs',
          `Cannot embed ${queries.length} queries and ${documents.length} documents: the limit is ${config.maxInputs} texts per request.`,
          { param: 'documents' },
        );
      }
      const best: BestDocumentsOptions | null =
        options.top_k === undefined
          ? null
          : { documents, topK: options.top_k, repeatTexts: options.return_documents === true };
      if (best !== null) checkRepeatedText(queries.length, best, config.maxBodyBytes);
      const { role: roleOfName } = names.resolve(model);
      const { prompts } = embedder.model;
      const queryPrompt = {
        role: roleOf(options.query_input_type) ?? roleOfName ?? (prompts.query === undefined ? null : 'query'),
        instruction: options.instruction ?? null,
      };
      const documentPrompt = {
        role: roleOf(options.document_input_type) ?? (prompts.document === undefined ? null : 'document'),
        instruction: null,
      };
      const inputs: EmbedInput[] = [
        ...nameInputs('queries', options.queries).map((text) => ({ ...text, ...queryPrompt })),
        ...nameInputs('documents', options.documents).map((text) => ({ ...text, ...documentPrompt })),
      ];
      const vectorOptions = {
        dimensions: options.dimensions ?? null,
        // Cosine has no use for it; the other metrics compare what /v1/embeddings serves.
        normalize: null,
        truncate: options.truncate ?? config.truncate,
      };
      return serveVectors({ request, reply, embedder, config }, inputs, vectorOptions, async (result) => {
        const scores = await embedder.compare(
          result.vectors.slice(0, queries.length),
          result.vectors.slice(queries.length),
          metric,
        );
        if (scale !== 1) for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] as number) * scale;
        if (scores.some((score) => !Number.isFinite(score))) {
          throw new HotvecError('invalid_input', 'scale makes the scores larger than a 32-bit number can be.', {
            param: 'scale',
          });
        }
        const chunks = [
          Buffer.from('{"object":"similarity","scores":'),
          ...(await encodeMatrix(scores, documents.length)),
        ];
        if (best !== null) chunks.push(Buffer.from(',"results":'), ...(await encodeBestDocuments(scores, best)));
        const tail = { model: names.served, usage: usageOf(result) };
        return [...chunks, Buffer.from(`,${JSON.stringify(tail).slice(1)}`)];
      });
    },
  });
  done();
};
