import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { HotvecError } from '../../../errors.ts';
import type { EmbedInput } from '../../../tasks/embedding/embedder.ts';
import { boundOfRows } from '../../answers/encode-rows.ts';
import { encodeMatrix } from '../../answers/encode-vectors.ts';
import { serveVectors } from '../../answers/serve-vectors.ts';
import { usageOf } from '../../answers/serve-work.ts';
import { chooseModel } from '../../body/choose-model.ts';
import { readTruncation } from '../../body/read-truncation.ts';
import { roleOf } from '../../body/request-inputs.ts';
import { answers, WORK_ERRORS, workHeaders } from '../../openapi/documented-answers.ts';
import { responseExamples } from '../../openapi/documented-examples.ts';
import { RequestHeaders } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../route-options.ts';
import {
  type BestDocumentsOptions,
  boundOfBestDocuments,
  checkRepeatedText,
  encodeBestDocuments,
} from './best-documents.ts';
import { type ComparedItem, checkSizes, readComparedItems } from './compared-items.ts';
import { similarityExamples } from './examples.ts';
import { SimilarityResponse, similarityBody } from './schemas.ts';

/** POST /v1/similarity: embeds the texts of two lists of texts and vectors, and scores every pair. */
export const similarityRoutes: FastifyPluginCallbackTypebox<
  RouteOptions<'maxInputs' | 'maxBodyBytes' | 'truncate' | 'deadlineMs'>
> = (app, { models, config }, done) => {
  const body = similarityBody(config.maxInputs);
  app.route({
    method: 'POST',
    url: '/v1/similarity',
    schema: {
      operationId: 'createSimilarity',
      tags: ['embeddings'],
      summary: 'Score queries against documents',
      description:
        'Queries get the query prompt of the model and documents its document prompt, if it has them, unless the request says otherwise. Vectors are compared as they are: they must come from this model, which `x-expect-fingerprint` verifies, and have the same size as the vectors of the texts.',
      headers: RequestHeaders,
      body,
      response: answers(
        {
          description: 'Scores of every pair',
          schema: SimilarityResponse,
          headers: workHeaders,
          examples: responseExamples(similarityExamples),
        },
        WORK_ERRORS,
      ),
    },
    handler: async (request, reply) => {
      const { model, metric = 'cosine', ...options } = request.body;
      const { scale = 1 } = options;
      const queries = readComparedItems('queries', options.queries);
      const documents = readComparedItems('documents', options.documents);
      if (queries.length + documents.length > config.maxInputs) {
        throw new HotvecError(
          'too_many_inputs',
          `Cannot compare ${queries.length} queries and ${documents.length} documents: the limit is ${config.maxInputs} per request, both together.`,
          { param: 'documents' },
        );
      }
      const { dimensions = null } = options;
      const { model: served, role: roleOfName } = chooseModel(request, models, model, 'embed');
      const { service: embedder } = served;
      checkSizes([...queries, ...documents], dimensions, embedder.model);
      const best: BestDocumentsOptions | null =
        options.top_k === undefined
          ? null
          : {
              documents: documents.map((item) => ('text' in item ? item.text : null)),
              topK: options.top_k,
              repeatTexts: options.return_documents === true,
            };
      if (best !== null) checkRepeatedText(queries.length, best, config.maxBodyBytes);
      const { prompts } = embedder.model;
      const queryPrompt = {
        role: roleOf(options.query_input_type) ?? roleOfName ?? (prompts.query === undefined ? null : 'query'),
        instruction: options.instruction ?? null,
      };
      const documentPrompt = {
        role: roleOf(options.document_input_type) ?? (prompts.document === undefined ? null : 'document'),
        instruction: null,
      };
      const inputs = [
        ...textsOf(queries).map((text) => ({ ...text, ...queryPrompt })),
        ...textsOf(documents).map((text) => ({ ...text, ...documentPrompt })),
      ];
      const vectorOptions = {
        dimensions,
        // Cosine has no use for it; the other metrics compare what /v1/embeddings serves.
        normalize: null,
        truncate: readTruncation(options, config.truncate),
      };
      const answerBytes =
        boundOfRows(queries.length, documents.length) +
        (best === null ? 0 : boundOfBestDocuments(queries.length, best));
      return serveVectors({ request, reply, embedder, config, answerBytes }, inputs, vectorOptions, async (result) => {
        const embedded = result.vectors.values();
        const [a, b] = [queries, documents].map((side) =>
          side.map((item) => ('vector' in item ? item.vector : (embedded.next().value as Float32Array))),
        ) as [Float32Array[], Float32Array[]];
        const scores = await embedder.compare(a, b, metric);
        if (scale !== 1) for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] as number) * scale;
        if (scores.some((score) => !Number.isFinite(score))) {
          const param = options.scale === undefined ? 'metric' : 'scale';
          throw new HotvecError('invalid_input', `${param} makes the scores too large for a 32-bit float.`, {
            param,
          });
        }
        const chunks = [
          Buffer.from('{"object":"similarity","scores":'),
          ...(await encodeMatrix(scores, documents.length)),
        ];
        if (best !== null) chunks.push(Buffer.from(',"results":'), ...(await encodeBestDocuments(scores, best)));
        const tail = { model: served.name, usage: usageOf(result) };
        return [...chunks, Buffer.from(`,${JSON.stringify(tail).slice(1)}`)];
      });
    },
  });
  done();
};

function textsOf(items: readonly ComparedItem[]): Pick<EmbedInput, 'name' | 'content'>[] {
  return items.flatMap((item) => ('text' in item ? [{ name: item.name, content: item.text }] : []));
}
