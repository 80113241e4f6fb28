import { type TSchema, Type } from 'typebox';
import { oneOf } from '../../openapi/schemas.ts';
import {
  teiEmbedAllExample,
  teiEmbedExample,
  teiRerankExample,
  teiSimilarityExample,
  teiVertexExample,
} from './examples.ts';

const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const promptName = Type.String({
  description: "Name of one of the model's prompts, see `/v1/models`. Default: none",
});
const truncate = Type.Boolean({
  description: 'Whether to truncate inputs that are too long. Default: the setting TRUNCATE, or `true`; `false`: 422',
});
/** Hugging Face's Python client writes small letters. */
const truncationDirection = oneOf(['Left', 'Right', 'left', 'right'], {
  description: 'Which side is cut off. Default: `Right`, the end',
});

// Fields that are none of these are ignored, as there: Weaviate's text2vec-huggingface sends `options` to any address.

/** Fields of `/embed`. */
function embedFields(maxInputs: number) {
  const text = Type.String({ minLength: 1 });
  const tokenIds = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 });
  return {
    inputs: Type.Union(
      [text, tokenIds, Type.Array(Type.Union([text, tokenIds]), { minItems: 1, maxItems: maxInputs })],
      { description: 'A string, the token ids of a text, or an array in which each item is one or the other' },
    ),
    normalize: Type.Optional(orNull(Type.Boolean({ description: 'Whether vectors have length 1. Default: `true`' }))),
    truncate: Type.Optional(orNull(truncate)),
    truncation_direction: Type.Optional(orNull(truncationDirection)),
    prompt_name: Type.Optional(orNull(promptName)),
    dimensions: Type.Optional(
      orNull(
        Type.Integer({
          minimum: 1,
          description: 'Components of a vector, as many as the model has or fewer; default: all',
        }),
      ),
    ),
  };
}

/** Body of `/embed`. */
export function teiEmbedBody(maxInputs: number) {
  return Type.Object(embedFields(maxInputs), {
    additionalProperties: true,
    title: 'TeiEmbedRequest',
    examples: [teiEmbedExample.request],
  });
}

/** Body of `/embed_all`. */
export function teiEmbedAllBody(maxInputs: number) {
  const { inputs, truncate: whether, truncation_direction, prompt_name } = embedFields(maxInputs);
  return Type.Object(
    { inputs, truncate: whether, truncation_direction, prompt_name },
    { additionalProperties: true, title: 'TeiEmbedAllRequest', examples: [teiEmbedAllExample.request] },
  );
}

export const TeiEmbedAllResponse = Type.Array(Type.Array(Type.Array(Type.Number())), {
  title: 'TeiEmbedAllResponse',
  description: 'For each input, the vectors of its tokens, in order',
});

/** Body of `/vertex`. */
export function teiVertexBody(maxInputs: number) {
  return Type.Object(
    {
      instances: Type.Array(Type.Object(embedFields(maxInputs), { additionalProperties: true }), {
        minItems: 1,
        maxItems: maxInputs,
        description: 'Bodies of `/embed`; all their inputs together count as one request',
      }),
    },
    { additionalProperties: true, title: 'TeiVertexRequest', examples: [teiVertexExample.request] },
  );
}

export const TeiVertexResponse = Type.Object(
  {
    predictions: Type.Array(Type.Array(Type.Array(Type.Number())), {
      description: 'For each instance, what `/embed` would answer',
    }),
  },
  { title: 'TeiVertexResponse' },
);

/** Body of `/rerank`. */
export function teiRerankBody(maxInputs: number) {
  return Type.Object(
    {
      query: Type.String({ description: 'What the texts are scored for' }),
      texts: Type.Array(Type.String(), {
        minItems: 1,
        maxItems: maxInputs,
        description: 'The texts; each gets a score',
      }),
      raw_scores: Type.Optional(
        orNull(Type.Boolean({ description: "Whether scores are what the model's head gives. Default: `false`" })),
      ),
      return_text: Type.Optional(
        orNull(Type.Boolean({ description: 'Whether to repeat the texts. Default: `false`' })),
      ),
      truncate: Type.Optional(orNull(truncate)),
      truncation_direction: Type.Optional(orNull(truncationDirection)),
    },
    { additionalProperties: true, title: 'TeiRerankRequest', examples: [teiRerankExample.request] },
  );
}

export const TeiRerankResponse = Type.Array(
  Type.Object(
    {
      index: Type.Integer({ minimum: 0, description: 'Position of the text' }),
      score: Type.Number(),
      text: Type.Optional(Type.String({ description: 'Only present with `return_text`' })),
    },
    { title: 'TeiRank' },
  ),
  { title: 'TeiRerankResponse', description: 'Highest score first; of equal scores the earlier text' },
);

/** Body of `/similarity`. */
export function teiSimilarityBody(maxInputs: number) {
  return Type.Object(
    {
      inputs: Type.Object(
        {
          source_sentence: Type.String({ minLength: 1, description: 'The text that the others are compared with' }),
          sentences: Type.Array(Type.String({ minLength: 1 }), {
            minItems: 1,
            maxItems: maxInputs,
            description: 'The others; each gets a score',
          }),
        },
        { additionalProperties: true },
      ),
      parameters: Type.Optional(
        Type.Object(
          {
            truncate: Type.Optional(orNull(truncate)),
            truncation_direction: Type.Optional(orNull(truncationDirection)),
            prompt_name: Type.Optional(orNull(promptName)),
          },
          { additionalProperties: true },
        ),
      ),
    },
    { additionalProperties: true, title: 'TeiSimilarityRequest', examples: [teiSimilarityExample.request] },
  );
}

export const TeiEmbedResponse = Type.Array(Type.Array(Type.Number()), {
  title: 'TeiEmbedResponse',
  description: 'One vector per input, in the order of the inputs',
});

export const TeiSimilarityResponse = Type.Array(Type.Number(), {
  title: 'TeiSimilarityResponse',
  description: 'Cosine similarity of each sentence, in order',
});

const integer = (description: string) => Type.Integer({ description });

export const TeiInfo = Type.Object(
  {
    model_id: Type.String({ description: 'The served name' }),
    model_sha: Type.Union([Type.String(), Type.Null()], { description: 'Revision, for hub models' }),
    model_dtype: Type.String({ description: 'Precision in use, e.g. `float32`' }),
    served_model_name: Type.String(),
    model_type: Type.Union(
      [
        Type.Object({ embedding: Type.Object({ pooling: Type.String() }) }),
        Type.Object({
          reranker: Type.Object({
            id2label: Type.Record(Type.String(), Type.String()),
            label2id: Type.Record(Type.String(), Type.Integer()),
          }),
        }),
      ],
      { description: 'What the model does; of several models, the first that embeds is described, or else the first' },
    ),
    max_concurrent_requests: integer('Maximum requests that may wait: the limit on waiting tokens'),
    max_input_length: integer('Maximum tokens of an input'),
    max_batch_tokens: integer('Maximum tokens computed at a time for several inputs'),
    max_client_batch_size: integer('Maximum inputs in a request'),
    auto_truncate: Type.Boolean({
      description: 'Whether inputs that are too long are truncated if a request does not say',
    }),
    tokenization_workers: integer('Tokenizer threads'),
    version: Type.String({ description: "hotvec's version" }),
    max_batch_requests: Type.Null({ description: 'No limit: batches are limited in tokens' }),
    sha: Type.Null({ description: 'Commit of the build: unknown' }),
    docker_label: Type.Null({ description: 'Unknown' }),
  },
  { title: 'TeiInfo' },
);
