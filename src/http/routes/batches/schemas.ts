import { type TSchema, Type } from 'typebox';
import { BATCH_ENDPOINTS, BATCH_STATUSES } from '../../../batch-jobs/batch-job.ts';
import { requestExamples } from '../../openapi/documented-examples.ts';
import { oneOf } from '../../openapi/schemas.ts';
import { batchExamples } from './examples.ts';

const metadata = (description: string) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    maxProperties: 16,
    propertyNames: { maxLength: 64 },
    additionalProperties: { type: 'string', maxLength: 512 },
    description,
  });

/** The request's body. */
export const createBatchBody = Type.Object(
  {
    input_file_id: Type.String({ description: 'The id of a file that was uploaded with the purpose `batch`' }),
    endpoint: oneOf(BATCH_ENDPOINTS, { description: 'The `url` of all its lines' }),
    completion_window: Type.String({
      description: 'Hours after which what is not done is given up: `24h`, as the OpenAI API has it, or `1h` to `168h`',
    }),
    metadata: Type.Optional(metadata('Up to 16 pairs of texts to find the batch by; they are kept, and not read')),
    output_expires_after: Type.Optional(
      Type.Object(
        {
          anchor: oneOf(['created_at'], { description: 'When the files with the answers are made' }),
          seconds: Type.Integer({ minimum: 3_600, maximum: 2_592_000 }),
        },
        {
          additionalProperties: false,
          description: 'How long the files with the answers are kept, if shorter than the operator keeps them',
        },
      ),
    ),
  },
  { additionalProperties: false, title: 'CreateBatchRequest', 'x-examples': requestExamples(batchExamples) },
);

const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const when = (what: string) => orNull(Type.Integer({ description: `When ${what}, in Unix seconds` }));

/** A batch as the OpenAI API writes it. What it has not come to is null. */
export const Batch = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('batch'),
    endpoint: oneOf(BATCH_ENDPOINTS),
    model: Type.Optional(Type.String({ description: 'The served name of the model that its lines ask' })),
    errors: orNull(
      Type.Object(
        {
          object: Type.Literal('list'),
          data: Type.Array(
            Type.Object(
              {
                code: Type.String(),
                message: Type.String(),
                param: Type.Union([Type.String(), Type.Null()]),
                line: Type.Union([Type.Integer(), Type.Null()], { description: 'Of the input file, from 1 on' }),
              },
              { title: 'BatchError' },
            ),
          ),
        },
        { title: 'BatchErrors', description: 'What is wrong with the input file, of a batch that failed' },
      ),
    ),
    input_file_id: Type.String(),
    completion_window: Type.String(),
    status: oneOf(BATCH_STATUSES),
    output_file_id: orNull(Type.String({ description: 'Answers; there when it has ended' })),
    error_file_id: orNull(Type.String({ description: 'Lines with an error; there when it has ended' })),
    created_at: Type.Integer({ description: 'Unix seconds' }),
    in_progress_at: when('all lines were found to be valid'),
    expires_at: Type.Integer({ description: 'When it will be given up, in Unix seconds' }),
    finalizing_at: when('all lines were answered'),
    completed_at: when('its files were there'),
    failed_at: when('its input was found to be invalid'),
    expired_at: when('it was given up'),
    cancelling_at: when('it was to be cancelled'),
    cancelled_at: when('it was'),
    request_counts: Type.Object(
      {
        total: Type.Integer({ description: '0 until all lines are validated' }),
        completed: Type.Integer(),
        failed: Type.Integer(),
      },
      { title: 'BatchRequestCounts' },
    ),
    usage: Type.Object(
      {
        input_tokens: Type.Integer(),
        input_tokens_details: Type.Object({ cached_tokens: Type.Integer() }),
        output_tokens: Type.Integer(),
        output_tokens_details: Type.Object({ reasoning_tokens: Type.Integer() }),
        total_tokens: Type.Integer(),
      },
      { title: 'BatchUsage', description: 'Tokens of the answers so far' },
    ),
    metadata: Type.Union([metadata('As it was sent'), Type.Null()]),
  },
  { title: 'Batch' },
);

export const BatchList = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(Batch),
    first_id: Type.Union([Type.String(), Type.Null()], { description: 'Of `data`; null where there is none' }),
    last_id: Type.Union([Type.String(), Type.Null()], { description: 'For `after` of the next page' }),
    has_more: Type.Boolean(),
  },
  { title: 'BatchList' },
);

export const batchParams = Type.Object({ id: Type.String({ description: "The batch's id" }) });

export const batchQuery = Type.Object({
  after: Type.Optional(
    Type.String({ description: 'The id of a batch: only those behind it in the list. It may be gone by now' }),
  ),
  limit: Type.Optional(Type.String({ description: 'Batches of a page, 1 to 100. Default: 20' })),
});
