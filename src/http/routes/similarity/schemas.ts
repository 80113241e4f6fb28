import { Type } from 'typebox';
import { requestExamples } from '../../openapi/documented-examples.ts';
import { commonFields, oneOf, roles, Usage } from '../../openapi/schemas.ts';
import { similarityExamples } from './examples.ts';

const numbers = Type.Array(Type.Number(), { minItems: 1 });
const embedding = Type.Object(
  {
    object: Type.Optional(Type.String()),
    index: Type.Optional(Type.Number()),
    embedding: Type.Union([numbers, Type.String({ contentEncoding: 'base64' })], {
      description: 'An array of numbers, or base64 of little-endian float32',
    }),
    truncated: Type.Optional(Type.Boolean()),
    tokens: Type.Optional(Type.Number()),
  },
  {
    additionalProperties: false,
    title: 'GivenEmbedding',
    description: 'An item of `data` in a response of `/v1/embeddings`; only `embedding` is used',
  },
);
const items = (maxInputs: number, description: string) =>
  Type.Union(
    [
      Type.String(),
      numbers,
      embedding,
      Type.Array(Type.Union([Type.String(), numbers, embedding]), { minItems: 1, maxItems: maxInputs }),
    ],
    { description },
  );

/** The request's body. Vectors are taken as they are, and cost no tokens. */
export function similarityBody(maxInputs: number) {
  return Type.Object(
    {
      queries: items(maxInputs, 'Strings or vectors, mixed, or a single one; each gets a row of scores'),
      documents: items(maxInputs, 'Strings or vectors, mixed, or a single one; each gets a column of scores'),
      ...commonFields,
      query_input_type: Type.Optional(
        oneOf(roles, { description: 'Prompt for the queries. Default: `query`, if the model has such a prompt' }),
      ),
      document_input_type: Type.Optional(
        oneOf(roles, {
          description: 'Prompt for the documents. Default: `document`, if the model has such a prompt',
        }),
      ),
      metric: Type.Optional(
        oneOf(['cosine', 'dot', 'euclidean', 'manhattan'], {
          description: 'Larger means more similar: distances are negated. Default: `cosine`, clamped to [−1, 1]',
        }),
      ),
      scale: Type.Optional(Type.Number({ description: 'Factor applied to every score, e.g. 100. Default: 1' })),
      top_k: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Adds `results`: the best documents of each query' }),
      ),
      return_documents: Type.Optional(
        Type.Boolean({ description: 'Repeat the texts in `results`; vectors are not repeated' }),
      ),
    },
    { additionalProperties: false, title: 'SimilarityRequest', 'x-examples': requestExamples(similarityExamples) },
  );
}

export const SimilarityResponse = Type.Object(
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
              document: Type.Optional(Type.String({ description: 'Only present with `return_documents`, for a text' })),
            },
            { title: 'SimilarityResult' },
          ),
        ),
        { description: 'The best documents of each query, best first; only present with `top_k`' },
      ),
    ),
    model: Type.String({ description: 'The served name' }),
    usage: Usage,
  },
  { title: 'SimilarityResponse' },
);
