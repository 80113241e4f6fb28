import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ServedModel } from '../../../served-models/served-model.ts';
import type { EmbeddingFacts } from '../../../tasks/embedding/embedder.ts';
import type { RerankingFacts } from '../../../tasks/reranking/reranker.ts';
import { answers } from '../../openapi/documented-answers.ts';
import { oneOf } from '../../openapi/schemas.ts';
import type { RouteOptions } from '../route-options.ts';

const Model = Type.Object(
  {
    id: Type.String(),
    object: Type.Literal('model'),
    created: Type.Integer({ description: 'When this server started, in Unix seconds' }),
    owned_by: Type.String(),
    root: Type.String({ description: 'The served name that an alias stands for' }),
    task: oneOf(['embed', 'rerank'], {
      description:
        'What the model does: `embed` gives vectors, `rerank` scores documents for a query. Fields of the other task are left out',
    }),
    dimensions: Type.Optional(Type.Integer()),
    min_dimensions: Type.Optional(Type.Integer({ description: 'Smallest valid `dimensions`' })),
    is_matryoshka: Type.Optional(Type.Boolean({ description: 'Whether `dimensions` may be less than all' })),
    matryoshka_dimensions: Type.Optional(
      Type.Union([Type.Array(Type.Integer()), Type.Null()], {
        description:
          'Sizes that the model was trained for, as the model or the operator names them; sizes between them are served too. null: none is named',
      }),
    ),
    pooling: Type.Optional(Type.String()),
    normalize: Type.Optional(Type.Boolean({ description: 'Whether vectors have length 1 by default' })),
    prompts: Type.Optional(Type.Record(Type.String(), Type.String())),
    activation: Type.Optional(
      oneOf(['sigmoid', 'identity'], { description: "What becomes of the number that a reranker's head gives" }),
    ),
    default_instruction: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'What a reranker is asked where a request has no `instruction`. null: it takes none',
      }),
    ),
    pair_template: Type.Optional(
      Type.String({ description: 'Where the words come from that a reranker reads around query and document' }),
    ),
    max_input_tokens: Type.Integer(),
    max_request_tokens: Type.Integer(),
    max_inputs: Type.Integer(),
    max_body_bytes: Type.Integer(),
    vocabulary_size: Type.Integer(),
    batch_tokens: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Maximum tokens the server computes at a time for several inputs; null until ready',
    }),
    weights: oneOf(['safetensors', 'onnx'], {
      description: 'What is computed: `safetensors`, by graphs of hotvec, or `onnx`, an export by someone else',
    }),
    dtype: Type.Union([Type.String(), Type.Null()], { description: 'Precision in use; null until ready' }),
    device: Type.Union([Type.String(), Type.Null()], { description: 'Execution provider in use; null until ready' }),
    revision: Type.Union([Type.String(), Type.Null()]),
    fingerprint: Type.Union([Type.String(), Type.Null()], {
      description: 'Vectors, and scores, are comparable only if this is equal; null until ready',
    }),
  },
  { title: 'Model' },
);

const ModelList = Type.Object({ object: Type.Literal('list'), data: Type.Array(Model) }, { title: 'ModelList' });

/** GET /v1/models and /v1/models/:id. */
export const modelsRoutes: FastifyPluginCallbackTypebox<RouteOptions<'maxInputs' | 'maxBodyBytes'>> = (
  app,
  { models, config },
  done,
) => {
  const created = Math.floor(Date.now() / 1000);
  const describe = (id: string, served: ServedModel) => {
    const { model } = served.service;
    return {
      id,
      object: 'model' as const,
      created,
      owned_by: 'hotvec',
      root: served.name,
      task: served.task,
      ...(served.task === 'embed' ? describeEmbedding(served.service.model) : describeReranking(served.service.model)),
      max_input_tokens: model.maxInputTokens,
      max_request_tokens: model.maxRequestTokens,
      max_inputs: config.maxInputs,
      max_body_bytes: config.maxBodyBytes,
      vocabulary_size: model.vocabularySize,
      batch_tokens: model.batchTokens,
      weights: model.weights,
      dtype: model.dtype,
      device: model.device,
      revision: model.revision,
      fingerprint: model.fingerprint,
    };
  };

  app.get(
    '/v1/models',
    {
      schema: {
        operationId: 'listModels',
        tags: ['models'],
        summary: 'What is served',
        response: answers({ description: 'The served models and their aliases', schema: ModelList }, [401]),
      },
    },
    async () => ({ object: 'list' as const, data: models.names.map(({ name, model }) => describe(name, model)) }),
  );

  const one = (id: string) => describe(id, models.find(id).model);
  app.get(
    '/v1/models/:id',
    {
      schema: {
        operationId: 'retrieveModel',
        tags: ['models'],
        summary: 'One model, by name or alias',
        params: Type.Object({ id: Type.String({ description: 'A served name or alias' }) }),
        response: answers({ description: 'The model', schema: Model }, [401, 404]),
      },
    },
    // `/v1/models/` has no name in it.
    async (request, reply) => (request.params.id === '' ? reply.callNotFound() : one(request.params.id)),
  );
  // Hub names have a slash, and not every client escapes it.
  app.get('/v1/models/:owner/:name', { schema: { hide: true } }, async (request) => {
    const { owner, name } = request.params as { owner: string; name: string };
    return one(`${owner}/${name}`);
  });
  done();
};

function describeEmbedding(model: EmbeddingFacts) {
  return {
    dimensions: model.dimensions,
    min_dimensions: model.matryoshkaMinimum ?? model.dimensions,
    is_matryoshka: model.matryoshkaMinimum !== null,
    matryoshka_dimensions: model.matryoshkaDimensions.length > 0 ? [...model.matryoshkaDimensions] : null,
    pooling: model.pooling,
    normalize: model.normalization === 'after_cut',
    prompts: { ...model.prompts },
  };
}

function describeReranking({ activation, defaultInstruction, template }: RerankingFacts) {
  return { activation, default_instruction: defaultInstruction, pair_template: template };
}
