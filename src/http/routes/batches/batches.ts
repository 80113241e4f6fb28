import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { type BatchJob, hasEnded } from '../../../batch-jobs/batch-job.ts';
import type { BatchJobs } from '../../../batch-jobs/batch-jobs.ts';
import { placeOfBatch } from '../../../batch-jobs/list-place.ts';
import { invalidInput } from '../../../errors.ts';
import { batchesOf, pageOf } from '../../answers/batch-pages.ts';
import { answers } from '../../openapi/documented-answers.ts';
import { responseExamples } from '../../openapi/documented-examples.ts';
import { batchExamples } from './examples.ts';
import { Batch, BatchList, batchParams, batchQuery, createBatchBody } from './schemas.ts';

export interface BatchesOptions {
  /** null: they are off. */
  batchJobs: BatchJobs | null;
}

const PAGE = { usual: 20, most: 100 } as const;
const WINDOW = /^[1-9]\d{0,2}h$/;
const MOST_HOURS = 168;

/** /v1/batches, as the OpenAI API has them. */
export const batchesRoutes: FastifyPluginCallbackTypebox<BatchesOptions> = (app, { batchJobs }, done) => {
  const tags = ['batches'];

  app.post(
    '/v1/batches',
    {
      schema: {
        operationId: 'createBatch',
        tags,
        summary: 'Compute the requests of a file in the background',
        description:
          'As the OpenAI API. Each line of the file is `{"custom_id", "method": "POST", "url", "body"}`; each gets the answer that posting its body would give. All lines are validated before the first is computed.',
        body: createBatchBody,
        response: answers(
          { description: 'The batch', schema: Batch, examples: responseExamples(batchExamples) },
          [400, 401, 404, 408, 413, 415, 429, 507],
        ),
      },
    },
    async ({ keyName, body }) => {
      const { completion_window: completionWindow, metadata = null } = body;
      const hours = Number.parseInt(completionWindow, 10);
      if (!WINDOW.test(completionWindow) || hours > MOST_HOURS) {
        throw invalidInput(`completion_window must be 24h, or 1h to ${MOST_HOURS}h.`, 'completion_window');
      }
      const batch = {
        inputFileId: body.input_file_id,
        endpoint: body.endpoint,
        completionWindow,
        windowS: hours * 3_600,
        metadata,
        outputExpiresAfterS: body.output_expires_after?.seconds ?? null,
      };
      return describe(await batchesOf(batchJobs).create(batch, keyName ?? null));
    },
  );

  app.get(
    '/v1/batches',
    {
      schema: {
        operationId: 'listBatches',
        tags,
        summary: 'Batches of your API key, newest first',
        querystring: batchQuery,
        response: answers({ description: 'A page of them', schema: BatchList }, [400, 401, 404]),
      },
    },
    async ({ keyName, query: { after, limit } }) => {
      const listed = await batchesOf(batchJobs).list(keyName ?? null);
      const page = pageOf(listed, { after, limit }, { ...PAGE, placeOf: placeOfBatch });
      return { ...page, data: page.data.map(describe) };
    },
  );

  app.get(
    '/v1/batches/:id',
    {
      schema: {
        operationId: 'retrieveBatch',
        tags,
        summary: 'How far a batch is',
        params: batchParams,
        response: answers({ description: 'The batch', schema: Batch }, [401, 404]),
      },
    },
    async ({ keyName, params }) => describe(await batchesOf(batchJobs).retrieve(params.id, keyName ?? null)),
  );

  app.post(
    '/v1/batches/:id/cancel',
    {
      schema: {
        operationId: 'cancelBatch',
        tags,
        summary: 'Cancel a batch',
        description: 'What is under way is finished, and nothing more is begun. What is done by then is in its files.',
        params: batchParams,
        response: answers({ description: 'The batch', schema: Batch }, [401, 404, 409]),
      },
    },
    async ({ keyName, params }) => describe(await batchesOf(batchJobs).cancel(params.id, keyName ?? null)),
  );
  done();
};

function describe(job: BatchJob) {
  const { reachedAt: at, problems, tokens } = job;
  return {
    id: job.id,
    object: 'batch' as const,
    endpoint: job.endpoint,
    ...(job.model === null ? {} : { model: job.model }),
    errors: problems.length === 0 ? null : { object: 'list' as const, data: problems },
    input_file_id: job.inputFileId,
    completion_window: job.completionWindow,
    status: job.status,
    output_file_id: hasEnded(job) && job.hasOutput ? job.outputFileId : null,
    error_file_id: hasEnded(job) && job.hasErrors ? job.errorFileId : null,
    created_at: job.createdAt,
    in_progress_at: at.in_progress ?? null,
    expires_at: job.expiresAt,
    finalizing_at: at.finalizing ?? null,
    completed_at: at.completed ?? null,
    failed_at: at.failed ?? null,
    expired_at: at.expired ?? null,
    cancelling_at: at.cancelling ?? null,
    cancelled_at: at.cancelled ?? null,
    request_counts: { ...job.counts },
    usage: {
      input_tokens: tokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 0,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: tokens,
    },
    metadata: job.metadata,
  };
}
