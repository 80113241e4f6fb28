import { availableParallelism } from 'node:os';
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { packageVersion } from '../../../package-info.ts';
import type { Readiness } from '../../../served-models/readiness.ts';
import { checkReady } from '../../door/check-ready.ts';
import { answers } from '../../openapi/documented-answers.ts';
import type { RouteOptions } from '../../routes/route-options.ts';
import { teiErrors } from './errors.ts';
import { TeiInfo } from './schemas.ts';
import { teiTruncation } from './truncation.ts';

/** What text-embeddings-inference calls precisions; it names others as we do. */
const DTYPES: Record<string, string> = {
  fp32: 'float32',
  fp16: 'float16',
  bf16: 'bfloat16',
  O1: 'float32',
  O2: 'float32',
  O3: 'float32',
  O4: 'float16',
};
/** What a re-ranker has to say of its only label. */
const ONE_LABEL = { id2label: { 0: 'LABEL_0' }, label2id: { LABEL_0: 0 } };
const tags = ['text-embeddings-inference'];

export interface InfoOptions extends RouteOptions<'maxQueueTokens' | 'maxInputs' | 'truncate'> {
  readiness: Pick<Readiness, 'check'>;
}

/** What clients of text-embeddings-inference ask besides vectors: what is served, and whether it is. */
export const teiInfoRoutes: FastifyPluginCallbackTypebox<InfoOptions> = (app, { models, readiness, config }, done) => {
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
      const [first] = models.modelsFor('embed').length > 0 ? models.modelsFor('embed') : models.models;
      const { name, service } = first ?? models.first('embed');
      checkReady(service);
      const { model } = service;
      const dtype = model.dtype ?? 'unknown';
      return {
        model_id: name,
        model_sha: model.revision,
        model_dtype: DTYPES[dtype] ?? dtype,
        served_model_name: name,
        model_type: 'pooling' in model ? { embedding: { pooling: model.pooling } } : { reranker: ONE_LABEL },
        // The queue is bounded in tokens, and a request has one at least.
        max_concurrent_requests: config.maxQueueTokens,
        max_input_length: model.maxInputTokens,
        max_batch_tokens: model.batchTokens ?? 0,
        max_client_batch_size: config.maxInputs,
        auto_truncate: teiTruncation({}, config.truncate) !== 'error',
        tokenization_workers: availableParallelism(),
        version: packageVersion,
        max_batch_requests: null,
        sha: null,
        docker_label: null,
      };
    },
  );

  app.get(
    '/ping',
    {
      config: { errors: teiErrors },
      schema: {
        operationId: 'teiPing',
        tags: ['health'],
        summary: 'The same as /readyz, with an empty body',
        description: "As text-embeddings-inference, for SageMaker's probe.",
        security: [],
        response: answers({ description: 'Nothing', schema: Type.String(), mediaType: 'text/plain' }, [503], teiErrors),
      },
    },
    async (_, reply) => {
      readiness.check();
      return reply.type('text/plain; charset=utf-8').send('');
    },
  );
  done();
};
